"""A `runner` that starts at once: a server that has imported it forks for each call.

`python prefork.py serve SOCKET` is the server; `python -S -E prefork.py call SOCKET WORD…` has the
words run with its own folder, environment, input and output, and ends with their exit code.
"""

import json
import os
import signal
import socket
import sys


def serve(path: str) -> None:
    """Fork for each call, until killed."""
    # What a command imports; none of it starts a thread before it is used.
    import runner.cli.actions.apply
    import runner.cli.actions.plan
    import runner.cli.app
    import runner.cli.commands.emulator
    import runner.cli.commands.history
    import runner.cli.error_handler
    import runner.emulator.server  # for --emulator

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    while True:
        caller, _ = listener.accept()
        message, files, _, _ = socket.recv_fds(caller, 1 << 20, 3)
        if os.fork():
            caller.close()
            for file in files:
                os.close(file)
            continue
        listener.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, file in enumerate(files):
            os.dup2(file, number)
        while not message.endswith(b"\n"):
            message += caller.recv(1 << 20)
        folder, environment, words = json.loads(message)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        code = runner.cli.error_handler.run(runner.cli.app.runner, words)
        sys.stdout.flush()
        caller.send(bytes([code]))
        os._exit(code)


def call(path: str, words: list[str]) -> int:
    """Have ``words`` run; returns the exit code."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        message = json.dumps([os.getcwd(), dict(os.environ), words]) + "\n"  # noqa: PTH109 # light
        socket.send_fds(server, [message.encode()], [0, 1, 2])
        return (server.recv(1) or b"\x46")[0]


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    sys.exit(call(sys.argv[2], sys.argv[3:]))
