# Random rings as Swift and we read them; see README.md.
add_executable(print_ring ${CMAKE_CURRENT_LIST_DIR}/print_ring.cc)
target_link_libraries(print_ring PRIVATE common_ring nlohmann_json::nlohmann_json)
target_compile_options(print_ring PRIVATE -O0)
python_test(rings.test_rings ${CMAKE_CURRENT_LIST_DIR}/test_rings.py e2e)
