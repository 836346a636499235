# What a crash of the machine or of a worker leaves. Python is Debian's, as in ../e2e, whose tests.cmake comes first.

add_library(recorder MODULE ${CMAKE_CURRENT_LIST_DIR}/recorder.c)
target_compile_options(recorder PRIVATE -Wall -Wextra $<$<C_COMPILER_ID:GNU>:-Wno-nonnull-compare> $<$<C_COMPILER_ID:Clang>:-Wno-tautological-pointer-compare> $<$<BOOL:${SSYNC_WERROR}>:-Werror>)
target_include_directories(recorder PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(recorder PRIVATE ${CMAKE_DL_LIBS})

# The same seed every time: what CI finds should depend on luck as little as can be. With ctest -C deep, all points too.
foreach(DURABILITY group each)
  set(CRASH_RUN ${CMAKE_CURRENT_LIST_DIR}/run --seed 1 --durability ${DURABILITY} --build-dir ${CMAKE_BINARY_DIR})
  add_test(NAME crash.states.${DURABILITY} COMMAND ${CRASH_RUN} --points 300)
  set_tests_properties(crash.states.${DURABILITY} PROPERTIES TIMEOUT ${PYTHON_TEST_TIMEOUT} LABELS e2e COST 25)
  add_test(NAME deep.crash.states.${DURABILITY} COMMAND ${CRASH_RUN} --points 1000000 CONFIGURATIONS deep)
  set_tests_properties(deep.crash.states.${DURABILITY} PROPERTIES TIMEOUT 7200 LABELS deep COST 1000)
endforeach()

file(GLOB CRASH_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.py)
foreach(CRASH_FILE IN LISTS CRASH_FILES)
  get_filename_component(CRASH_NAME ${CRASH_FILE} NAME_WE)
  python_test(crash.${CRASH_NAME} ${CRASH_FILE} e2e)
endforeach()
set_tests_properties(crash.test_killed PROPERTIES COST 35)
set_tests_properties(crash.test_failing_syncs PROPERTIES COST 20)
