/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * What a worker's input and output cost alone: worker_peer REDIS_PORT LLM_PORT JOBS. Takes
 * jobs from agent:jobs by batches of 64 (LMOVE), asks a model over 64 connections (0: does
 * not), keeps a record as the store in Redis does, answers and acknowledges (MULTI), with
 * hiredis and plain sockets and no look at what any of it says. Prints the seconds it took.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#define BATCH 64
#define QUESTION_BYTES 6000 /* about what the worker's is */

static const char result[] = "{\"version\":\"1.0\",\"job_id\":\"job\",\"status\":\"completed\","
	"\"result_ref\":\"artifact://0190f5c2-7d2e-7cc1-a1f5-6a5f4f2f8f10\",\"result_preview\":"
	"{\"type\":\"dataset\",\"row_count\":2,\"sample\":[{\"to\":\"JFK\",\"price\":180,"
	"\"carrier\":{\"code\":\"DL\"}},{\"to\":\"SFO\",\"price\":250,\"carrier\":"
	"{\"code\":\"UA\"}}]},\"metadata\":{\"intent\":{},\"tool_calls\":[{\"id\":\"call_1\","
	"\"function\":{\"name\":\"execute_pipeline\",\"arguments\":\"{}\"}}],\"message\":\"\","
	"\"tokens_used\":120,\"cache_hit\":false,\"execution_time_ms\":1,\"llm_model\":\"stub-1\","
	"\"queue_time_ms\":1},\"completed_at\":\"2026-01-01T00:00:00.000Z\"}";

static int peers[BATCH];
static char question[QUESTION_BYTES + 300];
static size_t question_len;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static redisReply *reply_of(redisContext *c)
{
	void *reply = NULL;

	if (redisGetReply(c, &reply) != REDIS_OK) {
		fprintf(stderr, "%s\n", c->errstr);
		exit(1);
	}
	return reply;
}

static void skip(redisContext *c, size_t n)
{
	while (n--)
		freeReplyObject(reply_of(c));
}

static void connect_all(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int one = 1;

	for (size_t i = 0; i < BATCH; i++) {
		peers[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (peers[i] < 0 || connect(peers[i], (struct sockaddr *)&at, sizeof(at)) < 0)
			exit(1);
		setsockopt(peers[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	question_len = (size_t)snprintf(question, sizeof(question),
		"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer k\r\n"
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", QUESTION_BYTES);
	memset(question + question_len, ' ', QUESTION_BYTES);
	question_len += QUESTION_BYTES;
}

static void ask(size_t n)
{
	char answer[4096];

	for (size_t i = 0; i < n; i++)
		if (send(peers[i], question, question_len, 0) != (ssize_t)question_len)
			exit(1);
	for (size_t i = 0; i < n; i++)
		if (recv(peers[i], answer, sizeof(answer), 0) <= 0)
			exit(1);
}

static void end(redisContext *c, size_t at, const redisReply *job)
{
	unsigned long id = (unsigned long)at;

	redisAppendCommand(c, "MULTI");
	redisAppendCommand(c, "HSET peer:record:%lu job_id job-%lu run_id run-%lu node_id n status "
		"completed tool_calls %s result_data %s created_at 2026 completed_at 2026", id, id, id,
		"[]", "[{},{}]");
	redisAppendCommand(c, "SET peer:record-of:%lu %lu", id, id);
	redisAppendCommand(c, "ZADD peer:records %lu %lu", id, id);
	redisAppendCommand(c, "HSET peer:context:%lu n:output %lu", id, id);
	redisAppendCommand(c, "RPUSH peer:results:%lu %s", id, result);
	redisAppendCommand(c, "EXPIRE peer:results:%lu 86400", id);
	redisAppendCommand(c, "LREM peer:processing 1 %b", job->str, (size_t)job->len);
	redisAppendCommand(c, "EXEC");
}

int main(int argc, char **argv)
{
	redisContext *c = argc == 4 ? redisConnect("127.0.0.1", (int)strtol(argv[1], NULL, 10)) : NULL;
	size_t jobs = argc == 4 ? strtoul(argv[3], NULL, 10) : 0, at;
	int llm = argc == 4 ? (int)strtol(argv[2], NULL, 10) : 0;
	redisReply *taken[BATCH];
	double begun;

	if (!c || c->err)
		return 2;
	if (llm)
		connect_all(llm);
	begun = now();
	for (at = 0; at < jobs; at += BATCH) {
		size_t n = jobs - at < BATCH ? jobs - at : BATCH;

		for (size_t i = 0; i < n; i++)
			redisAppendCommand(c, "LMOVE agent:jobs peer:processing LEFT RIGHT");
		for (size_t i = 0; i < n; i++)
			taken[i] = reply_of(c);
		if (llm)
			ask(n);
		for (size_t i = 0; i < n; i++) {
			end(c, at + i, taken[i]);
			freeReplyObject(taken[i]);
		}
		skip(c, n * 9);
	}
	printf("%.6f\n", now() - begun);
	redisFree(c);
	return 0;
}
