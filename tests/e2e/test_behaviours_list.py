"""tests/swift-behaviours.md names the tests of each of its rows, and they say in their docstrings which row they are of."""
import ast
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(os.path.dirname(HERE), 'swift-behaviours.md')
NUMBERS = [str(number) for number in range(1, 38)] + ['N%d' % number for number in range(1, 11)]
ROW = re.compile(r'^(?:- )?(N?\d+)\. ')
TEST = re.compile(r'^ +- `(test_\w+)`$')


def listed():
    """{number: [names of tests]} in the order of the list."""
    rows = {}
    with open(LIST, encoding='utf-8') as lines:
        for line in lines:
            row, test = ROW.match(line), TEST.match(line)
            if row:
                number = row.group(1)
                assert number not in rows, 'row %s twice' % number
                rows[number] = []
            elif test:
                rows[number].append(test.group(1))
    return rows


def written():
    """[(name, number)] of the tests in the files about behaviours."""
    tests = []
    for name in sorted(os.listdir(HERE)):
        if not re.fullmatch(r'test_behaviours_\w+\.py', name) or name == os.path.basename(__file__):
            continue
        with open(os.path.join(HERE, name), encoding='utf-8') as source:
            for item in ast.parse(source.read()).body:
                if isinstance(item, ast.FunctionDef) and item.name.startswith('test_'):
                    tests.append((item.name, (ast.get_docstring(item) or '').split(':')[0]))
    return tests


def test_the_rows_are_numbered_without_gaps():
    assert list(listed()) == NUMBERS


def test_every_row_has_a_test():
    assert [number for number, tests in listed().items() if not tests] == []


def test_the_tests_of_the_list_are_those_that_there_are():
    named = [(test, number) for number, tests in listed().items() for test in tests]
    assert sorted(named) == sorted(written())
    names = [test for test, _ in named]
    assert sorted(names) == sorted(set(names)), 'two tests of one name'
