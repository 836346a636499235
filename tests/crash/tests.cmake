# What a crash of the machine or of a worker leaves. Python is Debian's, as in ../e2e.

add_library(recorder MODULE ${CMAKE_CURRENT_LIST_DIR}/recorder.c)
target_compile_options(recorder PRIVATE -Wall -Wextra -Wno-nonnull-compare $<$<BOOL:${SSYNC_WERROR}>:-Werror>)
target_include_directories(recorder PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(recorder PRIVATE ${CMAKE_DL_LIBS})

# The same seed every time: what CI finds should depend on luck as little as can be.
add_test(NAME crash.states
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --seed 1 --points 300 --build-dir ${CMAKE_BINARY_DIR})
set_tests_properties(crash.states PROPERTIES TIMEOUT 600 LABELS e2e RUN_SERIAL TRUE)

file(GLOB CRASH_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.py)
foreach(CRASH_FILE IN LISTS CRASH_FILES)
  get_filename_component(CRASH_NAME ${CRASH_FILE} NAME_WE)
  add_test(NAME crash.${CRASH_NAME}
    COMMAND /usr/bin/python3 -B -W ignore -m pytest -q -p no:cacheprovider ${CRASH_FILE}
    WORKING_DIRECTORY ${CMAKE_CURRENT_LIST_DIR})
  set_tests_properties(crash.${CRASH_NAME} PROPERTIES
    ENVIRONMENT "SSYNC_BUILD_DIR=${CMAKE_BINARY_DIR}"
    TIMEOUT 600
    LABELS e2e
    RUN_SERIAL TRUE)
endforeach()
