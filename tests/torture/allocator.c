/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "torture.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif

#if defined(__GLIBC__) && !defined(UNDER_SANITIZER)

const bool can_fail = true;

static atomic_bool armed, all_fail;
static atomic_ulong countdown, failed;
static atomic_long live;

/* glibc's own, under the names that stay when malloc() is replaced. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static bool fails(void)
{
	unsigned long before;

	if (!atomic_load(&armed))
		return false;
	before = atomic_load(&countdown);
	while (before && !atomic_compare_exchange_weak(&countdown, &before, before - 1))
		;
	if (before > 1 || (before == 0 && !atomic_load(&all_fail)))
		return false;
	atomic_fetch_add(&failed, 1);
	errno = ENOMEM;
	return true;
}

static void *count(void *block)
{
	if (block)
		atomic_fetch_add(&live, 1);
	return block;
}

void *malloc(size_t size)
{
	return fails() ? NULL : count(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : count(__libc_calloc(n, size));
}

void *realloc(void *block, size_t size)
{
	void *grown;

	if (fails())
		return NULL;
	grown = __libc_realloc(block, size);
	return block ? grown : count(grown);
}

void *memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : count(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *block = memalign(alignment, size);

	if (!block)
		return ENOMEM;
	*out = block;
	return 0;
}

void free(void *block)
{
	if (!block)
		return;
	atomic_fetch_sub(&live, 1);
	__libc_free(block);
}

void fail_arm(unsigned long n, bool all)
{
	atomic_store(&countdown, n);
	atomic_store(&all_fail, all);
	atomic_store(&failed, 0);
	atomic_store(&armed, true);
}

unsigned long fail_disarm(void)
{
	atomic_store(&armed, false);
	return atomic_load(&failed);
}

long live_blocks(void)
{
	return atomic_load(&live);
}

#else

const bool can_fail = false;

void fail_arm(unsigned long n, bool all)
{
	(void)n;
	(void)all;
}

unsigned long fail_disarm(void)
{
	return 0;
}

long live_blocks(void)
{
	return 0;
}

#endif
