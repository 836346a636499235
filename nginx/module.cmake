# The dynamic nginx module, built out of tree against Debian's nginx-dev.
set(NGINX_SOURCE /usr/share/nginx/src CACHE PATH "nginx's headers and configure (package nginx-dev)")
set(NGINX_MODULE ${CMAKE_BINARY_DIR}/nginx/ngx_http_fastcgi_duplex_module.so)

if(NOT EXISTS ${NGINX_SOURCE}/conf_flags)
  message(FATAL_ERROR "${NGINX_SOURCE}/conf_flags not found: install nginx-dev (deploy/install-packages)")
endif()

# conf_flags and nginx.h change with nginx-dev: a module built for another nginx would not load.
add_custom_command(
  OUTPUT ${NGINX_MODULE}
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/build-module
          ${NGINX_SOURCE} ${CMAKE_CURRENT_LIST_DIR} ${CMAKE_BINARY_DIR}/nginx/build ${NGINX_MODULE}
  DEPENDS ${CMAKE_CURRENT_LIST_DIR}/ngx_http_fastcgi_duplex_module.c
          ${CMAKE_CURRENT_LIST_DIR}/ngx_http_resumed_head.c
          ${CMAKE_CURRENT_LIST_DIR}/ngx_http_resumed_head.h
          ${CMAKE_CURRENT_LIST_DIR}/config
          ${CMAKE_CURRENT_LIST_DIR}/build-module
          ${NGINX_SOURCE}/conf_flags
          ${NGINX_SOURCE}/src/core/nginx.h
  COMMENT "Building ngx_http_fastcgi_duplex_module.so"
  VERBATIM)
add_custom_target(nginx_module ALL DEPENDS ${NGINX_MODULE})
install(FILES ${NGINX_MODULE} DESTINATION lib/nginx/modules)
