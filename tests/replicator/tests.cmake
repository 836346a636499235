# What a replicator reads and reports, as Swift's does; see README.md.
foreach(PROGRAM print_settings report_pass)
  add_executable(${PROGRAM} ${CMAKE_CURRENT_LIST_DIR}/${PROGRAM}.cc)
  target_link_libraries(${PROGRAM} PRIVATE worker_replicator common_config nlohmann_json::nlohmann_json)
  target_compile_options(${PROGRAM} PRIVATE -O0)
endforeach()
python_test(replicator.test_settings ${CMAKE_CURRENT_LIST_DIR}/test_settings.py e2e)
python_test(replicator.test_pass_reports ${CMAKE_CURRENT_LIST_DIR}/test_pass_reports.py e2e)

# Passes of ssync-replicator: what comes where, receivers that lie, kills, and random clusters beside Swift's replicator. With ctest
# -C deep, many more of these, and faults put into Swift's that have to be found.
if(TARGET ssync-replicator)
  foreach(FILE test_passes test_lying_receivers test_written_in_mid_pass test_ring_changes test_hung_device test_peers)
    python_test(replicator.${FILE} ${CMAKE_CURRENT_LIST_DIR}/${FILE}.py e2e)
  endforeach()
  add_test(NAME replicator.kill COMMAND ${CMAKE_CURRENT_LIST_DIR}/kill --kills 15 --build-dir ${CMAKE_BINARY_DIR})
  set_tests_properties(replicator.kill PROPERTIES TIMEOUT ${PYTHON_TEST_TIMEOUT} LABELS e2e COST 20)

  set(REPLICATOR_DIFFERENTIAL ${CMAKE_CURRENT_LIST_DIR}/differential)
  add_test(NAME deep.replicator.kill
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/kill --kills 1000 --build-dir ${CMAKE_BINARY_DIR} CONFIGURATIONS deep)
  add_test(NAME deep.replicator.kill_ours
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/kill --kills 300 --receivers ours --build-dir ${CMAKE_BINARY_DIR} CONFIGURATIONS deep)
  add_test(NAME deep.replicator.lies
    COMMAND /usr/bin/python3 -B -W ignore -m pytest -q -p no:cacheprovider ${CMAKE_CURRENT_LIST_DIR}/test_lying_receivers.py
    CONFIGURATIONS deep)
  set_tests_properties(deep.replicator.lies PROPERTIES ENVIRONMENT "SSYNC_BUILD_DIR=${CMAKE_BINARY_DIR};SSYNC_ALL_LIE=1")
  add_test(NAME deep.replicator.faults
    COMMAND /usr/bin/python3 -B -W ignore -m pytest -q -p no:cacheprovider ${REPLICATOR_DIFFERENTIAL}/test_faults.py CONFIGURATIONS deep)
  add_test(NAME deep.replicator.differential
    COMMAND ${REPLICATOR_DIFFERENTIAL}/run --seed 1 --sessions 2000 --differences 20 --build-dir ${CMAKE_BINARY_DIR} CONFIGURATIONS deep)
  set_tests_properties(deep.replicator.kill deep.replicator.kill_ours deep.replicator.lies deep.replicator.faults deep.replicator.differential PROPERTIES
    TIMEOUT 7200 LABELS deep COST 1000)
endif()
