/* SPDX-License-Identifier: Apache-2.0 */
/* What `hub` in [net] stands for. Adding a loader is adding rows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/net_rules.h"

#define HOST_MAX 256

/* The endpoint of one loader: the first of `variables` that is set, else `hosts`; `content` is where it sends
 * its clients for the bytes, whatever the endpoint. Lists end with NULL. */
static const struct endpoint {
    const char *variables[3];
    const char *hosts[3];
    const char *content[6];
    const char *source;
} endpoints[] = {
    /* Downloads are redirected to cdn-lfs*.hf.co, cdn-lfs.huggingface.co, *.aws.cdn.hf.co and, with xet, to
     * cas-server.xethub.hf.co, cas-bridge.xethub.hf.co and transfer.xethub.hf.co. */
    {{"HF_ENDPOINT"},
     {"huggingface.co", "hf.co"},
     {"*.huggingface.co", "*.hf.co"},
     "huggingface_hub/constants.py (ENDPOINT)"},
    /* The archive comes from codeload; releases, which hubconf.py files fetch weights from, from the last
     * two. */
    {{NULL},
     {"github.com", "api.github.com"},
     {"codeload.github.com", "raw.githubusercontent.com", "objects.githubusercontent.com",
      "release-assets.githubusercontent.com"},
     "torch/hub.py"},
    {{NULL},
     {"download.pytorch.org"},
     {"dl.fbaipublicfiles.com"},
     "torchvision and torch.hub repositories (load_state_dict_from_url)"},
    {{"MODELSCOPE_ENDPOINT", "MODELSCOPE_DOMAIN"},
     {"www.modelscope.cn", "modelscope.cn"},
     {"*.modelscope.cn", "modelscope.oss-cn-beijing.aliyuncs.com"},
     "modelscope/hub/constants.py, modelscope/utils/config"},
    {{"CSGHUB_DOMAIN"}, {"hub.opencsg.com"}, {"*.opencsg.com"}, "pycsghub/constants.py"},
    {{NULL}, {"download.openmmlab.com"}, {NULL}, "mmengine/hub, mim download"},
};

struct hub {
    hg_net_add_fn *add;
    void *ctx;
};

static int add_rule(const struct hub *hub, const char *host, unsigned port, const char *source, bool trusted)
{
    struct hg_net_rule rule;
    char word[HOST_MAX + 16];
    (void)snprintf(word, sizeof word, "%s:%u", host, port);
    int rc = hg_net_rule_parse(word, &rule);
    if (rc < 0)
        return rc;
    free(rule.text);
    rule.trusted = trusted;
    if (asprintf(&rule.text, "%s  # %s", word, source) < 0)
        rule.text = NULL;
    if (rule.text == NULL) {
        hg_net_rule_free(&rule);
        return -ENOMEM;
    }
    return hub->add(hub->ctx, &rule);
}

static int add_defaults(const struct hub *hub, const char *const *hosts, size_t max, const char *source)
{
    int rc = 0;
    for (size_t i = 0; i < max && hosts[i] != NULL && rc == 0; i++) {
        rc = add_rule(hub, hosts[i], 443, source, false);
        if (rc == 0)
            rc = add_rule(hub, hosts[i], 80, source, false);
    }
    return rc;
}

/* The authority of `value`: [SCHEME://][USER@]HOST[:PORT][/...]. The length of HOST:PORT, 0 when there is
 * none. */
static size_t authority(const char *value, const char **start, unsigned *port)
{
    const char *sep = strstr(value, "://");
    *port = 443;
    if (sep != NULL) {
        if ((size_t)(sep - value) == 4 && strncasecmp(value, "http", 4) == 0)
            *port = 80;
        else if ((size_t)(sep - value) != 5 || strncasecmp(value, "https", 5) != 0)
            return 0;
        value = sep + 3;
    }
    size_t len = strcspn(value, "/?#\\");
    const char *at = memrchr(value, '@', len);
    if (at != NULL) {
        len -= (size_t)(at + 1 - value);
        value = at + 1;
    }
    *start = value;
    return len;
}

/* The port that stands behind the host, and the host without it; an IPv6 address keeps its brackets. */
static bool split(char *host, unsigned *port)
{
    char *colon = strrchr(host, ':'), *end;
    if (colon == NULL || strchr(colon, ']') != NULL)
        return true;
    if (colon[1] != '\0') {
        unsigned long n = strtoul(colon + 1, &end, 10);
        if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || n == 0 || n > 65535)
            return false;
        *port = (unsigned)n;
    }
    *colon = '\0';
    return true;
}

/* A rule's grammar has more in it than a host: no wildcard and no network comes from a variable. */
static bool is_host(const char *host)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    struct hg_address address;
    return host[0] == '[' ? hg_address_parse(host, &address) : host[strspn(host, name)] == '\0';
}

static int add_named(const struct hub *hub, const char *variable, const char *value, struct hg_error *err)
{
    char host[HOST_MAX], source[64];
    const char *start;
    unsigned port;
    size_t len = authority(value, &start, &port);
    int rc = -EINVAL;
    if (len > 0 && len < sizeof host) {
        memcpy(host, start, len);
        host[len] = '\0';
        (void)snprintf(source, sizeof source, "%s", variable);
        if (split(host, &port) && is_host(host))
            rc = add_rule(hub, host, port, source, true);
    }
    if (rc == -EINVAL)
        return hg_error_set(err, rc,
                            "%s: `%.100s` is no http or https address, so [net] allow = hub cannot know the "
                            "host; correct or unset it",
                            variable, value);
    return rc == -ENOMEM ? hg_error_set(err, rc, "out of memory") : rc;
}

static int add_endpoint(const struct hub *hub, const struct endpoint *e, hg_getenv_fn *env, void *env_ctx,
                        struct hg_error *err)
{
    int rc;
    const char *value = NULL, *variable = NULL;
    for (size_t i = 0; i < sizeof e->variables / sizeof e->variables[0] && e->variables[i] != NULL; i++) {
        variable = e->variables[i];
        value = env != NULL ? env(variable, env_ctx) : NULL;
        if (value != NULL && *value != '\0')
            break;
        value = NULL;
    }
    if (value != NULL)
        rc = add_named(hub, variable, value, err);
    else
        rc = add_defaults(hub, e->hosts, sizeof e->hosts / sizeof e->hosts[0], e->source);
    if (rc == 0)
        rc = add_defaults(hub, e->content, sizeof e->content / sizeof e->content[0], e->source);
    return rc;
}

int hg_net_hub(hg_getenv_fn *env, void *env_ctx, hg_net_add_fn *add, void *ctx, struct hg_error *err)
{
    const struct hub hub = {add, ctx};
    int rc = 0;
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0] && rc == 0; i++)
        rc = add_endpoint(&hub, &endpoints[i], env, env_ctx, err);
    return rc;
}
