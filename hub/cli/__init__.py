"""The command line `fernamt`."""


def main() -> None:
    """Entry point of the console script."""
    from hub.cli.program import program

    program()
