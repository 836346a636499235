# A whole Swift cluster, in its short form. Nothing beside it: its daemons are to be done within their timeouts.

add_test(NAME cluster COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --short --build-dir ${CMAKE_BINARY_DIR})
set_tests_properties(cluster PROPERTIES TIMEOUT ${PYTHON_TEST_TIMEOUT} LABELS e2e COST 100 RUN_SERIAL TRUE SKIP_RETURN_CODE 77)
