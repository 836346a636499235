# A program for each folder of common/ and worker/, which links no more than the folder does, and one for what no
# folder of them may see at once. Compiled without optimisation, which costs a test more to compile than it saves in
# running.
find_package(GTest REQUIRED)

# ssync_unit_tests(FOLDER [LINKS LIBRARY...]): without libraries that of the folder's name.
function(ssync_unit_tests FOLDER)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "LINKS")
  file(GLOB SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${FOLDER}/*_test.cc)
  string(REPLACE "/" "_" NAME ${FOLDER})
  if(NOT ARG_LINKS)
    set(ARG_LINKS ${NAME})
  endif()
  set(PROGRAM unit_${NAME})
  add_executable(${PROGRAM} ${SOURCES})
  target_link_libraries(${PROGRAM} PRIVATE ${ARG_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_options(${PROGRAM} PRIVATE -O0)
  if(SSYNC_FUZZ)
    # Counters are for the code that fuzz targets run.
    target_compile_options(${PROGRAM} PRIVATE
      -fno-sanitize-coverage=inline-8bit-counters,indirect-calls,trace-cmp,pc-table)
  endif()
  if(NOT FOLDER STREQUAL "common/python")
    target_precompile_headers(${PROGRAM} REUSE_FROM unit_common_python)
  endif()
  add_test(NAME unit.${FOLDER} COMMAND ${PROGRAM} --gtest_brief=1)
  set_tests_properties(unit.${FOLDER} PROPERTIES LABELS unit TIMEOUT 900)
endfunction()

file(GLOB FOLDERS CONFIGURE_DEPENDS LIST_DIRECTORIES true RELATIVE ${CMAKE_CURRENT_LIST_DIR}
  ${CMAKE_CURRENT_LIST_DIR}/common/* ${CMAKE_CURRENT_LIST_DIR}/worker/*)
# First the one whose precompiled header all others use.
list(REMOVE_ITEM FOLDERS common/python)
list(PREPEND FOLDERS common/python)
foreach(FOLDER IN LISTS FOLDERS)
  ssync_unit_tests(${FOLDER})
endforeach()
# The sender against the receiver, which know nothing of each other.
ssync_unit_tests(both_halves LINKS worker_sender worker_serve)
target_precompile_headers(unit_common_python PRIVATE
  <gmock/gmock.h> <gtest/gtest.h> <filesystem> <fstream> <functional> <map> <string> <vector>)
# These take longest, and so begin first.
set_tests_properties(unit.worker/receiver PROPERTIES COST 100)
set_tests_properties(unit.common/python PROPERTIES COST 50)
