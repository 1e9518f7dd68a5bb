/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Keeping house: old records, then the blobs that none of the others names. */
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

#define HEX_LEN ((size_t)AGR_SHA256_HEX - 1)
#define GRACE_MS ((int64_t)3600 * 1000)

static const agentrun_store_gc_options gc_defaults = { .grace_ms = GRACE_MS };

void agentrun_store_gc_options_init(agentrun_store_gc_options *opts, size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &gc_defaults, sizeof(gc_defaults));
}

static bool can_sweep(const agentrun_store *store)
{
	return store->impl.mark_blobs && store->blobs->impl.list_blobs &&
		store->blobs->impl.remove_blob;
}

/* Remove those of the digests that no record names. */
static int sweep_some(agentrun_store *store, const agentrun_buf *digests, int64_t before_ms,
	uint64_t *removed, agentrun_error **err)
{
	const agentrun_store *blobs = store->blobs;
	size_t n = digests->len / HEX_LEN;
	unsigned char *named = calloc(n ? n : 1, 1);
	char hex[AGR_SHA256_HEX];
	int r = 0;

	if (!named)
		return agr_error_oom(err);
	if (n)
		r = store->impl.mark_blobs(store->self, digests->data, n, named, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		int gone = 0;

		if (named[i])
			continue;
		memcpy(hex, digests->data + i * HEX_LEN, HEX_LEN);
		hex[HEX_LEN] = '\0';
		r = blobs->impl.remove_blob(blobs->self, hex, before_ms, &gone, err);
		*removed += r == 0 && gone;
	}
	free(named);
	return r;
}

static int sweep(agentrun_store *store, int64_t before_ms, uint64_t *removed,
	agentrun_error **err)
{
	const agentrun_store *blobs = store->blobs;
	agentrun_buf cursor = AGENTRUN_BUF_INIT, digests = AGENTRUN_BUF_INIT;
	int r;

	do {
		agentrun_buf_dispose(&digests);
		r = blobs->impl.list_blobs(blobs->self, &digests, &cursor, before_ms, err);
		if (r == 0)
			r = sweep_some(store, &digests, before_ms, removed, err);
	} while (r == 0 && cursor.len);
	agentrun_buf_dispose(&cursor);
	agentrun_buf_dispose(&digests);
	return r;
}

/* A backend that has only the gc of version 1. */
static int gc_at_once(agentrun_store *store, const agentrun_store_gc_options *opts,
	uint64_t *records_removed, uint64_t *blobs_removed, agentrun_error **err)
{
	if (!store->impl.gc || store->blobs != store)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"the %s store cannot remove what it keeps", store->impl.name);
	if (opts->grace_ms)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"the %s store cannot spare young blobs: it takes only a grace of 0",
			store->impl.name);
	return store->impl.gc(store->self, records_removed, blobs_removed, opts->before, err);
}

int agentrun_store_gc_with(uint64_t *records_removed, uint64_t *blobs_removed,
	agentrun_store *store, const agentrun_store_gc_options *opts_in, agentrun_error **err)
{
	agentrun_store_gc_options opts = gc_defaults;
	uint64_t ignored[2] = { 0, 0 };
	char time[AGR_TIME_SIZE];
	int r = agentrun_options_read(&opts, sizeof(opts), opts_in,
		"agentrun_store_gc_options", err);

	records_removed = records_removed ? records_removed : &ignored[0];
	blobs_removed = blobs_removed ? blobs_removed : &ignored[1];
	*records_removed = *blobs_removed = 0;
	if (r == 0 && opts.grace_ms < 0)
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_store_gc_options.grace_ms is negative");
	if (r == 0 && opts.before) {
		r = agr_store_read_time(time, opts.before, "before", err);
		opts.before = time;
	}
	if (r < 0)
		return r;
	if (!store->impl.remove_records || !can_sweep(store))
		return gc_at_once(store, &opts, records_removed, blobs_removed, err);
	if (opts.before)
		r = store->impl.remove_records(store->self, records_removed, opts.before, err);
	/* What was put in this very millisecond is old enough where there is no grace. */
	return r < 0 ? r : sweep(store, agr_clock_wall_ms() - opts.grace_ms + !opts.grace_ms,
		blobs_removed, err);
}

int agentrun_store_gc(uint64_t *records_removed, uint64_t *blobs_removed,
	agentrun_store *store, const char *before, agentrun_error **err)
{
	const agentrun_store_gc_options opts = { .struct_size = sizeof(opts), .before = before };

	return agentrun_store_gc_with(records_removed, blobs_removed, store, &opts, err);
}
