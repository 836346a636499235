# Kills at random. The same seed every time, though what is under way at each kill is luck. With ctest -C deep, an hour of it.

set(STORM_RUN ${CMAKE_CURRENT_LIST_DIR}/run --seed 1 --build-dir ${CMAKE_BINARY_DIR})
add_test(NAME storm COMMAND ${STORM_RUN} --seconds 60)
set_tests_properties(storm PROPERTIES TIMEOUT ${PYTHON_TEST_TIMEOUT} LABELS e2e COST 80)
add_test(NAME deep.storm COMMAND ${STORM_RUN} --seconds 3600 --durability group CONFIGURATIONS deep)
add_test(NAME deep.storm.each COMMAND ${STORM_RUN} --seconds 600 --durability each CONFIGURATIONS deep)
set_tests_properties(deep.storm deep.storm.each PROPERTIES TIMEOUT 7200 LABELS deep COST 2000)
