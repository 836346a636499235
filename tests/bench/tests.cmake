# The programs of the benchmark, and its smallest form as a test: that each scenario runs and every object is stored,
# and nothing about time.

add_executable(bench-limits bench/limits.cc bench/limit_read.cc bench/limit_write.cc)
target_link_libraries(bench-limits PRIVATE common_store CLI11::CLI11 nlohmann_json::nlohmann_json)

add_executable(bench-neighbour bench/neighbour.cc)
target_link_libraries(bench-neighbour PRIVATE common_store CLI11::CLI11 nlohmann_json::nlohmann_json)

add_executable(bench-peer bench/peer.cc)
target_link_libraries(bench-peer PRIVATE common_os CLI11::CLI11)

set_target_properties(bench-limits bench-neighbour bench-peer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

add_test(NAME bench
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --scale smoke --build-dir ${CMAKE_BINARY_DIR})
# It says nothing about time, so others may run beside it.
set_tests_properties(bench PROPERTIES TIMEOUT ${PYTHON_TEST_TIMEOUT} LABELS e2e COST 20)

# Memory and processor time of the replicator, which have bounds.
if(TARGET ssync-replicator)
  add_test(NAME deep.bench.replicator
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/replicate --only memory,growth --scale 100000 --build-dir ${CMAKE_BINARY_DIR} CONFIGURATIONS deep)
  # It measures processor time.
  set_tests_properties(deep.bench.replicator PROPERTIES TIMEOUT 7200 LABELS deep RUN_SERIAL TRUE)
endif()
