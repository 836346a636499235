/*
 * The directive resume_refused_head, for a location to which error_page sends the 400s of nginx:
 *
 *     error_page 400 = /refused-head;
 *     location = /refused-head { internal; resume_refused_head; }
 *
 * nginx refuses two kinds of requests while it reads their heads, which Swift's server answers:
 *
 *  - whose path it cannot decode: with a NUL (%00), as names of Swift's reserved namespace have, with a '%'
 *    that is not followed by two digits, or with dots that climb above the root;
 *  - in which a condition (If-Match and the like) comes twice (nginx before 1.23 all, later ones some).
 *
 * What is left of the head is read then, and the request is served by its proper location, with the raw
 * path in $uri as in $request_uri. All other requests that were refused get their 400 from here.
 *
 * The bounds on the rest of the head are those of every head: large_client_header_buffers, and
 * client_header_timeout, which begins anew. ignore_invalid_headers is taken for off.
 */

#ifndef NGX_HTTP_RESUMED_HEAD_H
#define NGX_HTTP_RESUMED_HEAD_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

ngx_int_t ngx_http_resumed_head_handler(ngx_http_request_t *r);

#endif /* NGX_HTTP_RESUMED_HEAD_H */
