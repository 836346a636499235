/*
 * fastcgi_duplex on | off;        context: http, server, location; default: off
 *
 * Lets a FastCGI request and its response be transferred at the same time, without limit.
 *
 * nginx stops writing the request to an upstream on that connection's own writable events once the
 * response header was sent to the client: ngx_http_upstream_send_request_handler() then installs a
 * handler that does nothing, unless u->conf->preserve_output is set. The rest of the request
 * body is sent only when the client happens to send more, and not at all when nginx's buffers are
 * full. An ssync session sends nearly all of its body after the response header, so it hangs as
 * soon as the worker reads more slowly than the sender writes. nginx itself sets the bit for gRPC
 * only, and no directive of the FastCGI module sets it.
 *
 * The bit is set in a copy of the upstream's configuration that belongs to the request, made
 * by a header filter. Two alternatives were rejected:
 *  - At configuration time, in our merge of the location. The structure that has the upstream's
 *    configuration (ngx_http_fastcgi_loc_conf_t) is private to nginx's FastCGI module, so we would
 *    have to guess its layout, and would not notice when it changes.
 *  - Directly in *r->upstream->conf. That is the location's configuration, which all its requests
 *    share, including running ones; and after an internal redirect (X-Accel-Redirect) r->upstream
 *    still belongs to the previous location, in which the directive may be off.
 * ngx_http_upstream_t and ngx_http_upstream_conf_t are public, and nginx refuses to load a module
 * built for another version, so the copy has the right size. It lives in the request's pool, which
 * outlives the upstream (that is finalised by a clean-up of the request). The copy is in time:
 * nginx checks the bit only while or after sending the header, except in one place, and there
 * the whole request has already been sent.
 *
 * Second, a response that the worker cuts must not look complete. Without buffering nginx
 * treats the end of a FastCGI connection as the end of the response, with or without END_REQUEST
 * (u->length is -1: any length), and sends the last chunk. With a positive u->length the
 * same code reports a premature end and drops the client's connection, after all data read has
 * been passed on; the FastCGI module's filter for unbuffered responses sets it to 0 when it sees
 * END_REQUEST and does not change it elsewhere.
 *
 * Third, a client that has sent its whole body may close its sending side and still gets its answer.
 * nginx takes that for a client that has gone, unless fastcgi_ignore_client_abort is on; and with that
 * on, it would wait with requests that have no body, of clients that have gone indeed. So it is switched
 * on for requests with a body, in a copy of the upstream's configuration too, as soon as there is an upstream:
 * a wrapper round the location's content handler makes it. A client that goes in the middle of its body
 * is noticed by the one who reads the body, whatever this is set to.
 *
 * Fourth, the buffer in which a response's header must fit as a whole (fastcgi_buffer_size) takes
 * its body as well, and fills up when the client is slow. It may be large, because it becomes small
 * again when the header has been read. Of a large piece of memory only what was written to is really there.
 *
 * resume_refused_head;            context: location
 *
 * See ngx_http_resumed_head.h.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_resumed_head.h"

/* Bytes of a response's body that nginx holds for a slow client. */
#define NGX_HTTP_FASTCGI_DUPLEX_BODY_BUFFER  65536

typedef struct {
    ngx_flag_t  enable;
} ngx_http_fastcgi_duplex_loc_conf_t;

extern ngx_module_t  ngx_http_fastcgi_module;

static void *ngx_http_fastcgi_duplex_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_fastcgi_duplex_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);
static char *ngx_http_fastcgi_duplex_resume_refused_head(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static ngx_int_t ngx_http_fastcgi_duplex_init(ngx_conf_t *cf);

static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;

static ngx_command_t  ngx_http_fastcgi_duplex_commands[] = {

    { ngx_string("fastcgi_duplex"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_fastcgi_duplex_loc_conf_t, enable),
      NULL },

    { ngx_string("resume_refused_head"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_fastcgi_duplex_resume_refused_head,
      0,
      0,
      NULL },

      ngx_null_command
};

static ngx_http_module_t  ngx_http_fastcgi_duplex_module_ctx = {
    NULL,                                    /* preconfiguration */
    ngx_http_fastcgi_duplex_init,            /* postconfiguration */

    NULL,                                    /* create main configuration */
    NULL,                                    /* init main configuration */

    NULL,                                    /* create server configuration */
    NULL,                                    /* merge server configuration */

    ngx_http_fastcgi_duplex_create_loc_conf, /* create location configuration */
    ngx_http_fastcgi_duplex_merge_loc_conf   /* merge location configuration */
};

ngx_module_t  ngx_http_fastcgi_duplex_module = {
    NGX_MODULE_V1,
    &ngx_http_fastcgi_duplex_module_ctx,     /* module context */
    ngx_http_fastcgi_duplex_commands,        /* module directives */
    NGX_HTTP_MODULE,                         /* module type */
    NULL,                                    /* init master */
    NULL,                                    /* init module */
    NULL,                                    /* init process */
    NULL,                                    /* init thread */
    NULL,                                    /* exit thread */
    NULL,                                    /* exit process */
    NULL,                                    /* exit master */
    NGX_MODULE_V1_PADDING
};


/*
 * The request's upstream, if it is one that the directive is about: only the FastCGI module's, which it marks
 * with its own address, because a location may also pass some requests to proxy_pass. A subrequest
 * has no request body to send.
 */

static ngx_http_upstream_t *
ngx_http_fastcgi_duplex_upstream(ngx_http_request_t *r)
{
    ngx_http_upstream_t                 *u;
    ngx_http_fastcgi_duplex_loc_conf_t  *dlcf;

    u = r->upstream;
    dlcf = ngx_http_get_module_loc_conf(r, ngx_http_fastcgi_duplex_module);

    if (!dlcf->enable || u == NULL || r != r->main || u->conf == NULL
        || u->output.tag != (ngx_buf_tag_t) &ngx_http_fastcgi_module)
    {
        return NULL;
    }

    return u;
}


static ngx_http_upstream_conf_t *
ngx_http_fastcgi_duplex_own_conf(ngx_http_request_t *r, ngx_http_upstream_t *u)
{
    ngx_http_upstream_conf_t  *conf;

    conf = ngx_palloc(r->pool, sizeof(ngx_http_upstream_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    *conf = *u->conf;
    u->conf = conf;

    return conf;
}


static ngx_int_t
ngx_http_fastcgi_duplex_header_filter(ngx_http_request_t *r)
{
    ngx_buf_t                 *b;
    ngx_http_upstream_t       *u;
    ngx_http_upstream_conf_t  *conf;

    u = ngx_http_fastcgi_duplex_upstream(r);

    if (u == NULL) {
        return ngx_http_next_header_filter(r);
    }

    if (!u->conf->preserve_output) {
        conf = ngx_http_fastcgi_duplex_own_conf(r, u);
        if (conf == NULL) {
            return NGX_ERROR;
        }

        conf->preserve_output = 1;
    }

    if (!u->buffering) {

        if (u->length == -1) {
            u->length = 1;
        }

        b = &u->buffer;

        if (b->end - b->start > NGX_HTTP_FASTCGI_DUPLEX_BODY_BUFFER) {
            b->end = ngx_max(b->last, b->start + NGX_HTTP_FASTCGI_DUPLEX_BODY_BUFFER);
        }
    }

    return ngx_http_next_header_filter(r);
}


/* The location's content handler, and what has to be set as soon as it has made the upstream. */

static ngx_int_t
ngx_http_fastcgi_duplex_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_upstream_t       *u;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_upstream_conf_t  *conf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    rc = clcf->handler(r);

    u = ngx_http_fastcgi_duplex_upstream(r);

    /* Without its clean-up the upstream has ended already, and the request may be about to. */

    if (rc != NGX_DONE || u == NULL || u->cleanup == NULL || u->conf->ignore_client_abort) {
        return rc;
    }

    conf = ngx_http_fastcgi_duplex_own_conf(r, u);
    if (conf == NULL) {
        return rc;
    }

    conf->ignore_client_abort = 1;

    /* Here nginx has begun to watch the client; otherwise it reads the body now, and looks at the setting later. */

    if (!r->reading_body || !u->request_sent) {
        r->read_event_handler = ngx_http_block_reading;
    }

    return rc;
}


static ngx_int_t
ngx_http_fastcgi_duplex_precontent_handler(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t            *clcf;
    ngx_http_fastcgi_duplex_loc_conf_t  *dlcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    dlcf = ngx_http_get_module_loc_conf(r, ngx_http_fastcgi_duplex_module);

    if (dlcf->enable && r == r->main && clcf->handler != NULL && r->content_handler == clcf->handler
        && (r->headers_in.chunked || r->headers_in.content_length_n > 0))
    {
        r->content_handler = ngx_http_fastcgi_duplex_handler;
    }

    return NGX_DECLINED;
}


static char *
ngx_http_fastcgi_duplex_resume_refused_head(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_resumed_head_handler;

    return NGX_CONF_OK;
}


static void *
ngx_http_fastcgi_duplex_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_fastcgi_duplex_loc_conf_t  *conf;

    conf = ngx_palloc(cf->pool, sizeof(ngx_http_fastcgi_duplex_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_fastcgi_duplex_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_fastcgi_duplex_loc_conf_t  *prev = parent;
    ngx_http_fastcgi_duplex_loc_conf_t  *conf = child;

    ngx_conf_merge_value(conf->enable, prev->enable, 0);

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_fastcgi_duplex_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_fastcgi_duplex_precontent_handler;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_fastcgi_duplex_header_filter;

    return NGX_OK;
}
