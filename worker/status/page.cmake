# Builds status_page.html into the program, with the hashes by which its Content-Security-Policy allows its script and
# its style.
set(PAGE_FILE ${CMAKE_CURRENT_LIST_DIR}/status_page.html)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PAGE_FILE})
file(READ ${PAGE_FILE} PAGE)

# The hash that a browser computes of what stands between <tag> and </tag>.
function(hash_of_element TAG VARIABLE)
  string(FIND "${PAGE}" "<${TAG}>" BEGIN)
  string(FIND "${PAGE}" "</${TAG}>" END)
  string(LENGTH "<${TAG}>" LENGTH)
  math(EXPR BEGIN "${BEGIN} + ${LENGTH}")
  math(EXPR LENGTH "${END} - ${BEGIN}")
  string(SUBSTRING "${PAGE}" ${BEGIN} ${LENGTH} TEXT)
  set(TEXT_FILE ${CMAKE_CURRENT_BINARY_DIR}/status_page.${TAG})
  file(WRITE ${TEXT_FILE} "${TEXT}")
  execute_process(COMMAND openssl dgst -sha256 -binary ${TEXT_FILE} COMMAND openssl base64 -A
    OUTPUT_VARIABLE HASH COMMAND_ERROR_IS_FATAL ANY)
  set(${VARIABLE} ${HASH} PARENT_SCOPE)
endfunction()
hash_of_element(script SSYNC_SCRIPT_HASH)
hash_of_element(style SSYNC_STYLE_HASH)

set(SSYNC_STATUS_PAGE "R\"html(${PAGE})html\"")
configure_file(${CMAKE_CURRENT_LIST_DIR}/status_page.cc.in ${CMAKE_CURRENT_BINARY_DIR}/status_page.cc @ONLY)
target_sources(worker_status PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/status_page.cc)
