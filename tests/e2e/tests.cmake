# End-to-end tests: a real nginx, real workers and Swift's own sender and object server. Python is Debian's, because
# Swift is installed for that one only. They start servers and are bound by the disk, so they run one at a time.

set(E2E_TIMEOUT_DEFAULT 300)
set(E2E_TIMEOUT_test_reads 900)
set(E2E_TIMEOUT_test_replication 900)
set(E2E_TIMEOUT_test_slow_reader 300)
set(E2E_TIMEOUT_test_session_errors 600)
set(E2E_TIMEOUT_test_subrequests 600)
set(E2E_TIMEOUT_test_interrupted 600)
set(E2E_TIMEOUT_test_processes 600)
set(E2E_TIMEOUT_test_disk_faults 900)
set(E2E_TIMEOUT_test_object_directories 1200)
set(E2E_TIMEOUT_test_replicator 600)
set(E2E_TIMEOUT_test_reconstructor 600)
set(E2E_TIMEOUT_test_relinker 600)
set(E2E_TIMEOUT_test_ssync_send 600)

file(GLOB E2E_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.py)
foreach(E2E_FILE IN LISTS E2E_FILES)
  get_filename_component(E2E_NAME ${E2E_FILE} NAME_WE)
  set(E2E_TIMEOUT ${E2E_TIMEOUT_DEFAULT})
  if(DEFINED E2E_TIMEOUT_${E2E_NAME})
    set(E2E_TIMEOUT ${E2E_TIMEOUT_${E2E_NAME}})
  endif()
  add_test(NAME e2e.${E2E_NAME}
    COMMAND /usr/bin/python3 -B -W ignore -m pytest -q -p no:cacheprovider ${E2E_FILE}
    WORKING_DIRECTORY ${CMAKE_CURRENT_LIST_DIR})
  set_tests_properties(e2e.${E2E_NAME} PROPERTIES
    ENVIRONMENT "SSYNC_BUILD_DIR=${CMAKE_BINARY_DIR}"
    TIMEOUT ${E2E_TIMEOUT}
    LABELS e2e
    RUN_SERIAL TRUE)
endforeach()
