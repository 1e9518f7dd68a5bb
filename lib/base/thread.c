/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/thread.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

static int start(pthread_t *out, const pthread_attr_t *attr, void *(*body)(void *),
	void *user, agentrun_error **err)
{
	sigset_t all, before;
	int fault;

	/* A thread inherits the mask: block all around its creation only. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	fault = pthread_create(out, attr, body, user);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (fault)
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL,
			"no thread could be started: %s", strerror(fault));
	return 0;
}

int agr_thread_start(pthread_t *out, void *(*body)(void *), void *user,
	agentrun_error **err)
{
	return start(out, NULL, body, user, err);
}

int agr_thread_start_deep(pthread_t *out, size_t stack, void *(*body)(void *),
	void *user, agentrun_error **err)
{
	pthread_attr_t attr;
	int r;

	if (pthread_attr_init(&attr))
		return agr_error_oom(err);
	pthread_attr_setstacksize(&attr, stack);
	r = start(out, &attr, body, user, err);
	pthread_attr_destroy(&attr);
	return r;
}

unsigned agr_cpu_count(void)
{
	cpu_set_t cpus;
	long n;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		return (unsigned)CPU_COUNT(&cpus);
	n = sysconf(_SC_NPROCESSORS_ONLN); /* more than a set holds */
	return n > 0 ? (unsigned)n : 1;
}

int agr_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int fault = pthread_condattr_init(&attr);

	if (fault)
		return fault;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	fault = pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
	return fault;
}

int agr_cond_wait_ms(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t timeout_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(timeout_ms / 1000);
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	return pthread_cond_timedwait(cond, lock, &until);
}
