# End-to-end tests: a real nginx, real workers and Swift's own sender and object server. Python is Debian's, because
# Swift is installed for that one only. Each file is a test, with servers, ports and directories of its own, so that they
# run beside each other.

# Minutes more than any takes: with sanitizers, on a busy machine of two processors, with other tests beside it.
set(PYTHON_TEST_TIMEOUT 1800)

# What a whole run begins with, because it takes longest: about so many seconds of a release build.
set(E2E_COST_test_object_directories 30)
set(E2E_COST_test_replicate 30)
set(E2E_COST_test_replication 30)
set(E2E_COST_test_ssync_send 30)
set(E2E_COST_test_swift_configurations 30)
set(E2E_COST_test_disk_faults 25)
set(E2E_COST_test_concurrency 20)
set(E2E_COST_test_reads 20)
set(E2E_COST_test_relinker 20)
set(E2E_COST_test_replicator 20)
set(E2E_COST_test_slow_reader 20)
set(E2E_COST_test_status_page 20)
set(E2E_COST_test_stop_while_a_drive_hangs 20)

# Their subject is how soon something happens, within a second or two: nothing may run beside them.
set(E2E_SERIAL test_behaviours_locks test_early_end test_interrupted test_lock_timeouts test_nobody_takes_the_pool)

# Where the bytes that others send are parsed, stored and sent: what a build with the address sanitizer is for.
set(E2E_MEMORY test_behaviours_subrequests test_behaviours_wire test_fragments test_reads test_session_errors
  test_ssync_send test_subrequests)

# A few quick ones that show that the whole works.
set(E2E_SMOKE test_behaviours_missing_check test_behaviours_replicate_and_reads test_configuration test_fragments
  test_partition_power test_processes test_replicate_fragments test_replication_verb)

# python_test(NAME FILE [LABEL…]): a file of pytest's.
function(python_test NAME FILE)
  get_filename_component(DIRECTORY ${FILE} DIRECTORY)
  add_test(NAME ${NAME}
    COMMAND /usr/bin/python3 -B -W ignore -m pytest -q -p no:cacheprovider ${FILE}
    WORKING_DIRECTORY ${DIRECTORY})
  set_tests_properties(${NAME} PROPERTIES
    ENVIRONMENT "SSYNC_BUILD_DIR=${CMAKE_BINARY_DIR}"
    TIMEOUT ${PYTHON_TEST_TIMEOUT}
    LABELS "${ARGN}")
endfunction()

file(GLOB E2E_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.py)
foreach(E2E_FILE IN LISTS E2E_FILES)
  get_filename_component(E2E_NAME ${E2E_FILE} NAME_WE)
  set(E2E_LABELS e2e)
  if(E2E_NAME IN_LIST E2E_MEMORY)
    list(APPEND E2E_LABELS memory)
  endif()
  if(E2E_NAME IN_LIST E2E_SMOKE)
    list(APPEND E2E_LABELS smoke)
  endif()
  python_test(e2e.${E2E_NAME} ${E2E_FILE} ${E2E_LABELS})
  if(DEFINED E2E_COST_${E2E_NAME})
    set_tests_properties(e2e.${E2E_NAME} PROPERTIES COST ${E2E_COST_${E2E_NAME}})
  endif()
  if(E2E_NAME IN_LIST E2E_SERIAL)
    set_tests_properties(e2e.${E2E_NAME} PROPERTIES RUN_SERIAL TRUE)
  endif()
endforeach()
