# What a replicator reads and reports, as Swift's does; see README.md.
foreach(PROGRAM print_settings report_pass)
  add_executable(${PROGRAM} ${CMAKE_CURRENT_LIST_DIR}/${PROGRAM}.cc)
  target_link_libraries(${PROGRAM} PRIVATE worker_replicator common_config nlohmann_json::nlohmann_json)
endforeach()
python_test(replicator.test_settings ${CMAKE_CURRENT_LIST_DIR}/test_settings.py e2e)
python_test(replicator.test_pass_reports ${CMAKE_CURRENT_LIST_DIR}/test_pass_reports.py e2e)
