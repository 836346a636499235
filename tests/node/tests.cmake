# ssync-node on a node with real servers. Python is Debian's, as in ../e2e, whose tests.cmake comes first.

file(GLOB NODE_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.py)
foreach(NODE_FILE IN LISTS NODE_FILES)
  get_filename_component(NODE_NAME ${NODE_FILE} NAME_WE)
  python_test(node.${NODE_NAME} ${NODE_FILE} e2e)
endforeach()
