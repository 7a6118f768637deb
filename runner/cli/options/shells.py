"""Completion scripts, and the answers to them: values may hold spaces, brackets, ``:`` and ``=``.

Click's own scripts split such values, and lose the ``--option=`` of ``--option=value``.
"""

import os
import re
import shlex
from typing import Any

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

from runner.cli.options.completion import paths

#: Stands at the cursor, so that the word there is never empty and never lost.
_CURSOR = "\x00"
#: What bash takes as it is outside of quotes.
_SPECIAL = re.compile(r"([^\w@%+=:,./-])", re.ASCII)

_BASH = """\
%(complete_func)s() {
    local kind value
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            open) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CWORD="$2" \
%(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local kind value about
    local -a plain open described
    while IFS= read -r kind && IFS= read -r value && IFS= read -r about; do
        case $kind in
            dir) _files -/ ;;
            file) _files ;;
            open) open+=("$value") ;;
            *) [[ $about == _ ]] && plain+=("$value") || described+=("$value:$about") ;;
        esac
    done < <(env COMP_WORDS="${(pj: :)words[1,CURRENT]}" %(complete_var)s=zsh_complete \
%(prog_name)s 2>/dev/null)
    (( $#described )) && _describe -V unsorted described -U
    (( $#plain )) && compadd -U -V unsorted -a plain
    (( $#open )) && compadd -U -V unsorted -S '' -a open
    return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH = """\
function %(complete_func)s
    for line in (env COMP_WORDS=(commandline -cp | string collect) \
%(complete_var)s=fish_complete %(prog_name)s 2>/dev/null)
        set -l parts (string split --max 1 , -- $line)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case '*'
                echo $parts[2]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


def words_of(line: str) -> tuple[list[str], str]:
    """The words of ``line`` up to the cursor, and the quote that is open there, if one is."""
    lexer = shlex.shlex(line + _CURSOR, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    quote = ""
    try:
        words.extend(lexer)
    except ValueError:  # it ends inside quotes
        words.append(lexer.token)
        quote = str(vars(lexer)["state"])
    return [word.removesuffix(_CURSOR) for word in words], quote


class _Quiet(ShellComplete):
    """Offers nothing if something is wrong: completion is not the time for errors."""

    def complete(self) -> str:
        try:
            return super().complete()
        except Exception:  # noqa: BLE001 # the command itself will tell
            return ""

    def get_completion_args(self) -> tuple[list[str], str]:
        words, _ = words_of(os.environ["COMP_WORDS"])
        return words[1:-1], words[-1]

    def get_completions(self, args: list[str], incomplete: str) -> "list[CompletionItem[str]]":
        found = super().get_completions(args, incomplete)
        option, equals, value = incomplete.partition("=")
        has_value = equals and option.startswith("--")
        if has_value and any(item.type != "plain" for item in found):
            found = [CompletionItem(path) for path in paths(value)]
        for item in found:
            if item.type == "plain":
                if has_value:
                    item.value = f"{option}={item.value}"
                item.type = "open" if item.value.endswith(("=", "/")) else "plain"
        return [item for item in found if "\n" not in item.value]


class Bash(_Quiet, BashComplete):
    """Bash replaces a word behind the last ``=`` or ``:``, and quotes nothing by itself."""

    source_template = _BASH

    def format_completion(self, item: "CompletionItem[Any]") -> str:
        """The kind of ``item``, and what bash puts in place of what it took for the word."""
        words, quote = words_of(os.environ["COMP_WORDS"])
        replaced = os.environ["COMP_CWORD"]
        replaced = replaced.removeprefix(quote) if quote else words_of(replaced)[0][-1]
        value, typed = str(item.value), words[-1]
        if item.type in ("plain", "open") and typed.endswith(replaced):
            value = _quoted(value[len(typed) - len(replaced) :], quote)
        return f"{item.type},{value}"


def _quoted(text: str, quote: str) -> str:
    """``text`` as bash reads it inside ``quote``, or outside of quotes."""
    if quote == "'":
        return text.replace("'", "'\\''")
    if quote:
        return re.sub(r'([\\"$`])', r"\\\1", text)
    return _SPECIAL.sub(r"\\\1", text)


class Zsh(_Quiet, ZshComplete):
    """Zsh replaces the whole word, and quotes it."""

    source_template = _ZSH


class Fish(_Quiet, FishComplete):
    """Fish replaces the whole word, and quotes it."""

    source_template = _FISH


def register() -> None:
    """Let these answer the shells."""
    for shell in (Bash, Zsh, Fish):
        add_completion_class(shell)
