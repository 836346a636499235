# What a replicator reads and reports, as Swift's does; see README.md.
foreach(PROGRAM print_settings report_pass)
  add_executable(${PROGRAM} ${CMAKE_CURRENT_LIST_DIR}/${PROGRAM}.cc)
  target_link_libraries(${PROGRAM} PRIVATE worker_replicator common_config nlohmann_json::nlohmann_json)
endforeach()
python_test(replicator.test_settings ${CMAKE_CURRENT_LIST_DIR}/test_settings.py e2e)
python_test(replicator.test_pass_reports ${CMAKE_CURRENT_LIST_DIR}/test_pass_reports.py e2e)

# What it does on devices: with Swift's object servers as its peers, and with receivers that lie.
python_test(replicator.test_lying_receivers ${CMAKE_CURRENT_LIST_DIR}/test_lying_receivers.py e2e)
python_test(replicator.test_written_in_mid_pass ${CMAKE_CURRENT_LIST_DIR}/test_written_in_mid_pass.py e2e)
python_test(replicator.test_passes ${CMAKE_CURRENT_LIST_DIR}/test_passes.py e2e)

# Kills while handoffs are given back. With ctest -C deep more of them, and random clusters that Swift's replicator and ours pass over.
function(replicator_test NAME)
  add_test(NAME replicator.${NAME} COMMAND ${CMAKE_CURRENT_LIST_DIR}/${ARGN} --build-dir ${CMAKE_BINARY_DIR})
  set_tests_properties(replicator.${NAME} PROPERTIES TIMEOUT ${PYTHON_TEST_TIMEOUT} LABELS e2e COST 10)
endfunction()
replicator_test(kill kill --kills 30)
foreach(RECEIVERS swift ours)
  add_test(NAME deep.replicator.differential.${RECEIVERS} COMMAND ${CMAKE_CURRENT_LIST_DIR}/differential/run --seed 1 --sessions 1000
    --receivers ${RECEIVERS} --build-dir ${CMAKE_BINARY_DIR} CONFIGURATIONS deep)
  add_test(NAME deep.replicator.kill.${RECEIVERS} COMMAND ${CMAKE_CURRENT_LIST_DIR}/kill --kills 500 --receivers ${RECEIVERS}
    --build-dir ${CMAKE_BINARY_DIR} CONFIGURATIONS deep)
  set_tests_properties(deep.replicator.differential.${RECEIVERS} deep.replicator.kill.${RECEIVERS} PROPERTIES
    TIMEOUT 7200 LABELS deep COST 500)
endforeach()
