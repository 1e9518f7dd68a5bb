/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* thread - the library's threads: they take no signals, those are the host's. */
#ifndef AGR_THREAD_H
#define AGR_THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <agentrun/sys/error.h>

int agr_thread_start(pthread_t *out, void *(*body)(void *), void *user,
	agentrun_error **err);

/* The same, with a stack of that many bytes, which it takes as it uses them. */
int agr_thread_start_deep(pthread_t *out, size_t stack, void *(*body)(void *),
	void *user, agentrun_error **err);

/* How many processors this process may run on: 1 at least. */
unsigned agr_cpu_count(void);

/* A condition that waits by the monotonic clock. */
int agr_cond_init(pthread_cond_t *cond);
/* Wait at most `timeout_ms`; 0 when signalled, ETIMEDOUT otherwise. */
int agr_cond_wait_ms(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t timeout_ms);

#endif
