"""What `swift-ring-builder` does; run in this process, which has Swift loaded."""
import contextlib
import io


def ring_builder(path, *arguments):
    """Run it with a builder file; what it prints."""
    from swift.cli import ringbuilder
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        try:
            ringbuilder.main(['swift-ring-builder', path] + [str(argument) for argument in arguments])
            status = 0
        except SystemExit as ended:
            status = ended.code
    # 1 is a warning: a ring of so few partitions can be out of balance.
    assert status in (None, 0, 1), output.getvalue()
    return output.getvalue()
