#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# What a library in somebody's program must not do: end it, print, touch its
# signals or its locale, load or start anything. imports.sh NM LIBRARY
set -eu
nm=$1 library=$2
forbidden='exit _exit _Exit quick_exit abort __assert_fail atexit
	printf fprintf vprintf vfprintf puts putchar fputs perror stdout stderr stdin
	__printf_chk __fprintf_chk __vfprintf_chk
	signal sigaction sigprocmask raise kill alarm setitimer
	setlocale uselocale setenv putenv unsetenv chdir umask
	dlopen dlsym system popen fork vfork execv execve posix_spawn
	strtok strerror_l gmtime localtime ctime asctime rand srand random
	gets strcat sprintf vsprintf gethostbyname getpwnam json_set_alloc_funcs'
imported=$("$nm" -D --undefined-only "$library" | awk '{ print $NF }' | sed 's/@.*//')
status=0
for name in $forbidden; do
	if echo "$imported" | grep -qx "$name"; then
		echo "$library imports $name"
		status=1
	fi
done
exit $status
