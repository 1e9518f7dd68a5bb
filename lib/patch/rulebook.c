/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/rulebook.h"

#include <stdlib.h>
#include <string.h>

#include "ctx/ctx.h"
#include "patch/workflow.h"

/* Schemas that are kept ready: those asked for last. Longer ones are not kept. */
#define KEPT 8
#define KEPT_BYTES ((size_t)1 << 20)

#define BUILT_IN "schema"

struct agr_rulebook {
	agentrun_ctx *ctx;
	pthread_mutex_t lock; /* guards all below */
	agr_rules *kept[KEPT]; /* the last one asked for first */
	size_t n_kept;
	agr_remote *remote; /* NULL until it is needed, or there is no address */
};

int agr_rulebook_new(agr_rulebook **out, agentrun_ctx *ctx, agentrun_error **err)
{
	agr_rulebook *book = calloc(1, sizeof(*book));

	*out = book;
	if (!book)
		return agr_error_oom(err);
	book->ctx = ctx;
	pthread_mutex_init(&book->lock, NULL);
	return 0;
}

void agr_rulebook_free(agr_rulebook *book)
{
	if (!book)
		return;
	for (size_t i = 0; i < book->n_kept; i++)
		agr_rules_release(book->kept[i]);
	agr_remote_free(book->remote);
	pthread_mutex_destroy(&book->lock);
	free(book);
}

/* ---- those that are ready ----------------------------------------------------------- */

/* With the lock held: at the front from now on. */
static void move_to_front(agr_rulebook *book, agr_rules *rules, size_t at)
{
	memmove(book->kept + 1, book->kept, at * sizeof(book->kept[0]));
	book->kept[0] = rules;
}

static agr_rules *find_kept(agr_rulebook *book, const char *text, size_t len)
{
	agr_rules *found = NULL;

	pthread_mutex_lock(&book->lock);
	for (size_t i = 0; i < book->n_kept && !found; i++) {
		if (book->kept[i]->text_len != len ||
			memcmp(book->kept[i]->text, text, len) != 0)
			continue;
		found = agr_rules_hold(book->kept[i]);
		move_to_front(book, found, i);
	}
	pthread_mutex_unlock(&book->lock);
	return found;
}

static void keep(agr_rulebook *book, agr_rules *rules)
{
	agr_rules *dropped = NULL;

	if (rules->text_len > KEPT_BYTES)
		return;
	pthread_mutex_lock(&book->lock);
	if (book->n_kept == KEPT)
		dropped = book->kept[--book->n_kept];
	move_to_front(book, agr_rules_hold(rules), book->n_kept++);
	pthread_mutex_unlock(&book->lock);
	agr_rules_release(dropped);
}

static int make_or_find(agr_rules **out, agr_rulebook *book, const char *name,
	const char *text, size_t len, agentrun_error **err)
{
	int r;

	*out = book ? find_kept(book, text, len) : NULL;
	if (*out)
		return 0;
	r = agr_rules_new(out, name, text, len, err);
	if (r == 0 && book)
		keep(book, *out);
	return r;
}

int agr_rules_of_text(agr_rules **out, const agentrun_ctx *ctx, const char *schema, size_t len,
	agentrun_error **err)
{
	return make_or_find(out, ctx ? ctx->rulebook : NULL, BUILT_IN, schema, len, err);
}

/* ---- the configured ones ------------------------------------------------------------ */

static const char *configured(const agentrun_ctx *ctx)
{
	return ctx ? agentrun_config_get(ctx->config, "workflow.schema") : NULL;
}

static int read_file(agr_rules **out, const agentrun_ctx *ctx, const char *path,
	agentrun_error **err)
{
	agr_buf file = AGR_BUF_INIT;
	int r = agr_file_read(&file, path, err);

	if (r < 0)
		agr_error_prefix(err, "workflow.schema");
	else
		r = make_or_find(out, ctx->rulebook, path, file.data ? file.data : "", file.len,
			err);
	agr_buf_free(&file);
	return r;
}

/* Of an address: 1 with what fetches it. Else 0 with the rules, or an error. */
static int open_rules(agr_rules **out, agr_remote **remote, const agentrun_ctx *ctx,
	agentrun_error **err)
{
	const char *schema = configured(ctx);
	agr_rulebook *book = ctx ? ctx->rulebook : NULL;
	int r;

	*out = NULL;
	if (!schema)
		return make_or_find(out, book, BUILT_IN, agr_schema_default,
			strlen(agr_schema_default), err);
	r = agr_remote_is_url(schema, err);
	if (r <= 0)
		return r < 0 ? r : read_file(out, ctx, schema, err);
	pthread_mutex_lock(&book->lock);
	if (!book->remote)
		r = agr_remote_new(&book->remote, book->ctx, schema, err);
	*remote = book->remote;
	pthread_mutex_unlock(&book->lock);
	return r < 0 ? r : 1;
}

int agr_rules_get(agr_rules **out, const agentrun_ctx *ctx, agentrun_error **err)
{
	agr_remote *remote = NULL;
	int r = open_rules(out, &remote, ctx, err);

	return r == 1 ? agr_remote_get(remote, out, err) : r;
}

int agr_rules_want(agr_rules **out, const agentrun_ctx *ctx, agr_rules_wait *wait,
	agentrun_error **err)
{
	agr_remote *remote = NULL;
	int r = open_rules(out, &remote, ctx, err);

	return r == 1 ? agr_remote_want(remote, out, wait, err) : r;
}

int agr_rules_known(agr_rules **out, const agentrun_ctx *ctx, agentrun_error **err)
{
	agr_remote *remote = NULL;
	int r = open_rules(out, &remote, ctx, err);

	if (r == 1)
		agr_remote_known(remote, out);
	return r < 0 ? r : 0;
}
