# The Debian packages. With ctest -C deep they are built and installed, the second time where systemd runs.

python_test(packages.sources ${CMAKE_CURRENT_LIST_DIR}/test_sources.py e2e)
python_test(packages.sources_logs ${CMAKE_CURRENT_LIST_DIR}/test_sources_logs.py e2e)
add_test(NAME deep.packages
  COMMAND /usr/bin/python3 -B -W ignore -m pytest -q -p no:cacheprovider ${CMAKE_CURRENT_LIST_DIR}/test_packages.py
    ${CMAKE_CURRENT_LIST_DIR}/test_walk.py
  CONFIGURATIONS deep)
set_tests_properties(deep.packages PROPERTIES TIMEOUT 7200 LABELS deep COST 1000)
