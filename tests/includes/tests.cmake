# The folders of common/ and worker/ see only what lies below them.
add_test(NAME includes.point_down COMMAND ${CMAKE_CURRENT_LIST_DIR}/point_down)
add_test(NAME includes.test_point_down
  COMMAND /usr/bin/python3 -B -W ignore -m pytest -q -p no:cacheprovider
    ${CMAKE_CURRENT_LIST_DIR}/test_point_down.py)
set_tests_properties(includes.point_down includes.test_point_down PROPERTIES LABELS "unit;smoke")
