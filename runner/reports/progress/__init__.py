"""Progress while sessions run, and the reporters that receive it."""
