# A whole Swift cluster, in its short form, two of its nodes with our replicator; and the checks that it ends with, on a cluster that
# was damaged.

add_test(NAME cluster COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --short --prove --replicator half --build-dir ${CMAKE_BINARY_DIR})
set_tests_properties(cluster PROPERTIES TIMEOUT ${PYTHON_TEST_TIMEOUT} LABELS e2e COST 100 SKIP_RETURN_CODE 77)

# What is left of it if it is killed.
add_test(NAME deep.cluster.ends
  COMMAND /usr/bin/python3 -B -W ignore -m pytest -q -p no:cacheprovider ${CMAKE_CURRENT_LIST_DIR}/test_ends.py CONFIGURATIONS deep)
set_tests_properties(deep.cluster.ends PROPERTIES
  ENVIRONMENT "SSYNC_BUILD_DIR=${CMAKE_BINARY_DIR}" TIMEOUT ${PYTHON_TEST_TIMEOUT} LABELS deep COST 100)

# All that can happen, with many objects: ours beside all-Python, and two nodes of each; and where nothing can be mounted. The first
# ends with our replicators and our servers; two more have our replicators before Python's servers, and two nodes of each in both.
add_test(NAME deep.cluster COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --compare --prove --build-dir ${CMAKE_BINARY_DIR} CONFIGURATIONS deep)
add_test(NAME deep.cluster.directories COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --no-mounts --objects 100 --build-dir ${CMAKE_BINARY_DIR}
  CONFIGURATIONS deep)
add_test(NAME deep.cluster.mixed COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --mode mixed --build-dir ${CMAKE_BINARY_DIR}
  CONFIGURATIONS deep)
add_test(NAME deep.cluster.replicator COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --replicator ours --mode python --objects 600
  --build-dir ${CMAKE_BINARY_DIR} CONFIGURATIONS deep)
add_test(NAME deep.cluster.replicator.half COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --replicator half --mode mixed --objects 600
  --build-dir ${CMAKE_BINARY_DIR} CONFIGURATIONS deep)
set_tests_properties(deep.cluster deep.cluster.directories deep.cluster.mixed deep.cluster.replicator deep.cluster.replicator.half PROPERTIES
  TIMEOUT 14400 LABELS deep COST 3000 RUN_SERIAL TRUE SKIP_RETURN_CODE 77)
