# The same sessions every time: what CI finds must not depend on luck. In pieces, so that they run beside each other; with
# ctest -C deep, more of them.

# differential_test(PREFIX FIRST SESSIONS DURABILITY): so many sessions from one number on.
function(differential_test PREFIX FIRST SESSIONS DURABILITY)
  set(NAME ${PREFIX}differential.${DURABILITY}.${FIRST})
  set(CONFIGURATION)
  if(PREFIX)
    set(CONFIGURATION CONFIGURATIONS deep)
  endif()
  add_test(NAME ${NAME}
    COMMAND ${CMAKE_CURRENT_LIST_DIR}/run --seed 1 --first ${FIRST} --sessions ${SESSIONS}
      --durability ${DURABILITY} --build-dir ${CMAKE_BINARY_DIR}
    ${CONFIGURATION})
  set_tests_properties(${NAME} PROPERTIES TIMEOUT ${PYTHON_TEST_TIMEOUT} LABELS e2e COST 10)
endfunction()

foreach(DURABILITY group each)
  foreach(FIRST 0 500 1000)
    differential_test("" ${FIRST} 500 ${DURABILITY})
  endforeach()
  foreach(FIRST 0 2500 5000 7500)
    differential_test(deep. ${FIRST} 2500 ${DURABILITY})
    set_tests_properties(deep.differential.${DURABILITY}.${FIRST} PROPERTIES TIMEOUT 7200 LABELS deep COST 100)
  endforeach()
endforeach()

# A small part of it for builds with the address sanitizer.
set_tests_properties(differential.group.0 differential.each.500 PROPERTIES LABELS "e2e;memory")
