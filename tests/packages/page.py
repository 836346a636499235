"""The commands of deploy/README.md, as an operator reads them there."""
import os
import re

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'deploy', 'README.md')
CODE_OF_A_SECTION, CODE_OF_A_STEP = 4, 7  # spaces before it


def _section(title):
    with open(PAGE, encoding='utf-8') as page:
        return re.search('^## %s\n(.*?)(?=^## |\\Z)' % re.escape(title), page.read(), re.M | re.S).group(1)


def _blocks(text, indent):
    found = re.findall('(?:^ {%d}.*\n)+' % indent, text, re.M)
    return [[line[indent:].partition('    #')[0] for line in block.splitlines()] for block in found]


def of_step(title):
    """The blocks of commands of a step of "On a Swift node": lists of lines."""
    text = re.search(r'^\d+\. \*\*%s\.?\*\*(.*?)(?=^\d+\. |\Z)' % re.escape(title), _section('On a Swift node'), re.M | re.S)
    return _blocks(text.group(1), CODE_OF_A_STEP)


def of_section(title):
    """The blocks of commands of a section."""
    return _blocks(_section(title), CODE_OF_A_SECTION)


def of_day_to_day(title):
    """The command in this row of the table in "Day to day"."""
    return re.search(r'^\| %s \| `([^`]*)`' % re.escape(title), _section('Day to day'), re.M).group(1)
