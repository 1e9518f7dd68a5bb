/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * measure OUTPUT COMMAND [ARG ...]: run a command once, its standard output into
 * the file OUTPUT, and print: exit status, wall, user and system seconds, peak KiB.
 *
 * A program of its own because a process inherits the peak of whoever started it:
 * under an interpreter nothing would seem smaller than the interpreter.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void run(const char *output, char **command)
{
	int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0)
		execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double start;
	int status = 0;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: measure OUTPUT COMMAND [ARG ...]\n");
		return 2;
	}
	start = now();
	pid = fork();
	if (pid == 0)
		run(argv[1], argv + 2);
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("measure");
		return 1;
	}
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("%d %.6f %.6f %.6f %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128,
		now() - start, seconds(usage.ru_utime), seconds(usage.ru_stime),
		usage.ru_maxrss);
	return 0;
}
