#include "ngx_http_resumed_head.h"

/* Lines that a head may have: the default of max_headers, which some nginx have and none shows to modules. */
#define NGX_HTTP_RESUMED_HEAD_LINES  1000

static void ngx_http_resumed_head_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_resumed_head_parse(ngx_http_request_t *r);
static ngx_int_t ngx_http_resumed_head_add_line(ngx_http_request_t *r);
static ngx_int_t ngx_http_resumed_head_receive(ngx_http_request_t *r);
static ngx_int_t ngx_http_resumed_head_take_buffer(ngx_http_request_t *r);


/* error_page has turned the request into a GET: its line tells what it is. */

static void
ngx_http_resumed_head_restore_method(ngx_http_request_t *r)
{
    if (r->request_line.len == 0) {
        ngx_str_null(&r->method_name);
        return;
    }

    r->method_name.data = r->request_line.data;
    r->method_name.len = r->method_end - r->request_start + 1;

    /* The others have no meaning of their own to nginx, and only HEAD and GET to fastcgi_pass. */

    if (r->method != NGX_HTTP_HEAD
        && (r->method_name.len != 3 || ngx_strncmp(r->method_name.data, "GET", 3) != 0))
    {
        r->method = NGX_HTTP_UNKNOWN;
    }
}


static ngx_uint_t
ngx_http_resumed_head_count_lines(ngx_http_request_t *r)
{
    ngx_uint_t        lines;
    ngx_list_part_t  *part;

    lines = 0;

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        lines += part->nelts;
    }

    return lines;
}


static ngx_table_elt_t *
ngx_http_resumed_head_last_line(ngx_http_request_t *r)
{
    ngx_list_part_t  *part;

    part = r->headers_in.headers.last;

    if (part == NULL || part->nelts == 0) {
        return NULL;
    }

    return (ngx_table_elt_t *) part->elts + (part->nelts - 1);
}


/* Whether nothing was taken from the buffer after the line. */

static ngx_int_t
ngx_http_resumed_head_is_newest(ngx_http_request_t *r, ngx_table_elt_t *h)
{
    u_char     *p;
    ngx_buf_t  *b;

    b = r->header_in;
    p = h->value.data + h->value.len;

    if (p < b->start || p >= b->pos) {
        return 0;
    }

    /* The value's first following byte has become a zero. Of a line that a LF alone ends, it was the LF. */

    if (p == b->pos - 1) {
        return 1;
    }

    if (b->pos[-1] != LF) {
        return 0;
    }

    for (p++; p < b->pos - 1; p++) {
        if (*p != ' ' && *p != CR) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_http_resumed_head_is_condition(ngx_str_t *name)
{
    return name->len > 3 && ngx_strncasecmp(name->data, (u_char *) "if-", 3) == 0;
}


/*
 * A path that could not be decoded has ended the request line's processing: the line is known, and nothing
 * is derived from it. A second condition is the last line that was taken; whatever else may have been refused
 * right after a condition will be refused again when it is read.
 */

static ngx_int_t
ngx_http_resumed_head_is_wanted(ngx_http_request_t *r)
{
    ngx_table_elt_t  *last;

    if (r != r->main || r->http_state != NGX_HTTP_READING_REQUEST_STATE || r->connection->error
        || r->request_line.len == 0 || r->http_version < NGX_HTTP_VERSION_10
        || r->http_version >= NGX_HTTP_VERSION_20)
    {
        return 0;
    }

    if (r->unparsed_uri.data == NULL) {
        return r->uri_start != NULL && r->uri_end > r->uri_start;
    }

    last = ngx_http_resumed_head_last_line(r);

    return last != NULL && ngx_http_resumed_head_is_condition(&last->key)
           && ngx_http_resumed_head_is_newest(r, last);
}


static ngx_int_t
ngx_http_resumed_head_begin(ngx_http_request_t *r)
{
    ngx_http_core_srv_conf_t   *cscf;
    ngx_http_core_main_conf_t  *cmcf;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    /* As it was before the redirect to here. */

    r->loc_conf = cscf->ctx->loc_conf;
    r->internal = 0;
    r->uri_changes = NGX_HTTP_MAX_URI_CHANGES + 1;
    r->error_page = 0;
    r->err_status = 0;
    r->expect_tested = 0;
    ngx_memzero(r->variables, cmcf->variables.nelts * sizeof(ngx_http_variable_value_t));

    if (r->unparsed_uri.data == NULL) {
        r->unparsed_uri.data = r->uri_start;
        r->unparsed_uri.len = r->uri_end - r->uri_start;

        if (ngx_list_init(&r->headers_in.headers, r->pool, 20, sizeof(ngx_table_elt_t)) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    r->uri = r->unparsed_uri;
    ngx_str_null(&r->args);
    ngx_str_null(&r->exten);
    r->valid_unparsed_uri = 1;

    if (r->args_start) {
        r->uri.len = r->args_start - 1 - r->uri_start;
        r->args.data = r->args_start;
        r->args.len = r->uri_end - r->args_start;
    }

    /* So that what is refused from now on is not resumed once more. */

    r->http_state = NGX_HTTP_PROCESS_REQUEST_STATE;

    r->connection->log->action = "reading client request headers";
    r->read_event_handler = ngx_http_resumed_head_read;

    return NGX_OK;
}


ngx_int_t
ngx_http_resumed_head_handler(ngx_http_request_t *r)
{
    ngx_http_resumed_head_restore_method(r);

    if (!ngx_http_resumed_head_is_wanted(r)) {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (ngx_http_resumed_head_begin(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* One more for the request as it goes on: the caller gives one back. */

    r->main->count++;
    ngx_http_resumed_head_read(r);

    return NGX_DONE;
}


static void
ngx_http_resumed_head_read(ngx_http_request_t *r)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = r->connection;

    if (c->read->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT, "client timed out");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    do {
        rc = ngx_http_resumed_head_parse(r);

        if (rc == NGX_AGAIN) {
            rc = ngx_http_resumed_head_receive(r);

            if (rc == NGX_AGAIN) {
                return;
            }
        }
    } while (rc == NGX_OK);

    if (rc != NGX_DONE) {

        /* NGX_DECLINED: it was answered already. */

        if (rc != NGX_DECLINED) {
            ngx_http_finalize_request(r, rc);
        }

        return;
    }

    /* This answers what it refuses. */

    if (ngx_http_process_request_header(r) == NGX_OK) {
        ngx_http_process_request(r);
    }
}


/* One line. NGX_DONE: it was the empty one; NGX_AGAIN: it is not all here; NGX_DECLINED: the request was ended. */

static ngx_int_t
ngx_http_resumed_head_parse(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_core_srv_conf_t  *cscf;

    if (r->header_in->pos == r->header_in->last) {
        return NGX_AGAIN;
    }

    /* The Host line may have chosen another server. */
    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    rc = ngx_http_parse_header_line(r, r->header_in, cscf->underscores_in_headers);

    switch (rc) {

    case NGX_OK:
        r->request_length += r->header_in->pos - r->header_name_start;
        return ngx_http_resumed_head_add_line(r);

    case NGX_HTTP_PARSE_HEADER_DONE:
        r->request_length += r->header_in->pos - r->header_name_start;
        return NGX_DONE;

    case NGX_AGAIN:
        return NGX_AGAIN;

    default:
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "client sent invalid header line");
        return NGX_HTTP_BAD_REQUEST;
    }
}


static ngx_int_t
ngx_http_resumed_head_add_line(ngx_http_request_t *r)
{
    ngx_table_elt_t            *h, **known;
    ngx_http_header_t          *hh;
    ngx_http_core_main_conf_t  *cmcf;

    if (ngx_http_resumed_head_count_lines(r) >= NGX_HTTP_RESUMED_HEAD_LINES) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "client sent too many header lines");
        r->lingering_close = 1;
        return NGX_HTTP_REQUEST_HEADER_TOO_LARGE;
    }

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = r->header_hash;

    h->key.data = r->header_name_start;
    h->key.len = r->header_name_end - r->header_name_start;
    h->key.data[h->key.len] = '\0';

    h->value.data = r->header_start;
    h->value.len = r->header_end - r->header_start;
    h->value.data[h->value.len] = '\0';

    h->lowcase_key = ngx_pnalloc(r->pool, h->key.len);
    if (h->lowcase_key == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_strlow(h->lowcase_key, h->key.data, h->key.len);

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    hh = ngx_hash_find(&cmcf->headers_in_hash, h->hash, h->lowcase_key, h->key.len);

    if (hh == NULL) {
        return NGX_OK;
    }

    known = (ngx_table_elt_t **) ((char *) &r->headers_in + hh->offset);

    if (ngx_http_resumed_head_is_condition(&h->key) && *known != NULL) {
        return NGX_OK;
    }

    return hh->handler(r, h, hh->offset) == NGX_OK ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_resumed_head_receive(ngx_http_request_t *r)
{
    ssize_t                    n;
    ngx_int_t                  rc;
    ngx_event_t               *rev;
    ngx_connection_t          *c;
    ngx_http_core_srv_conf_t  *cscf;

    c = r->connection;
    rev = c->read;

    if (r->header_in->last == r->header_in->end) {
        rc = ngx_http_resumed_head_take_buffer(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    n = rev->ready ? c->recv(c, r->header_in->last, r->header_in->end - r->header_in->last) : NGX_AGAIN;

    if (n == NGX_AGAIN) {
        if (!rev->timer_set) {
            cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
            ngx_add_timer(rev, cscf->client_header_timeout);
        }

        return ngx_handle_read_event(rev, 0) == NGX_OK ? NGX_AGAIN : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (n == 0) {
        ngx_log_error(NGX_LOG_INFO, c->log, 0, "client prematurely closed connection");
    }

    if (n == 0 || n == NGX_ERROR) {
        c->error = 1;
        return NGX_HTTP_BAD_REQUEST;
    }

    r->header_in->last += n;

    return NGX_OK;
}


/*
 * Another of the connection's large header buffers, with the line that is not all here at its beginning. What was
 * read before stays where it is: the lines that were taken point to it.
 */

static ngx_int_t
ngx_http_resumed_head_take_buffer(ngx_http_request_t *r)
{
    u_char                    *line;
    size_t                     length;
    ngx_buf_t                 *b;
    ngx_chain_t               *cl;
    ngx_http_connection_t     *hc;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    hc = r->http_connection;

    /* Between two lines the parser's state is 0. */

    line = r->state != 0 ? r->header_name_start : r->header_in->pos;
    length = r->header_in->last - line;

    if (length >= cscf->large_client_header_buffers.size
        || (hc->free == NULL && hc->nbusy >= (ngx_int_t) cscf->large_client_header_buffers.num))
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "client sent too large request");
        r->lingering_close = 1;
        return NGX_HTTP_REQUEST_HEADER_TOO_LARGE;
    }

    if (hc->free) {
        cl = hc->free;
        hc->free = cl->next;

    } else {
        cl = ngx_alloc_chain_link(r->connection->pool);
        if (cl == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        cl->buf = ngx_create_temp_buf(r->connection->pool, cscf->large_client_header_buffers.size);
        if (cl->buf == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    cl->next = hc->busy;
    hc->busy = cl;
    hc->nbusy++;

    b = cl->buf;
    ngx_memcpy(b->start, line, length);
    b->pos = b->start + (r->header_in->pos - line);
    b->last = b->start + length;

    if (r->state != 0) {
        r->header_name_start = b->start;
        r->header_name_end = b->start + (r->header_name_end - line);
        r->header_start = b->start + (r->header_start - line);
        r->header_end = b->start + (r->header_end - line);
    }

    r->header_in = b;

    return NGX_OK;
}
