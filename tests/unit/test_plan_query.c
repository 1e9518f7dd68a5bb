/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Prompts against the built-in planner: what it plans, and what it must not. */
#include "unit.h"

#include <agentrun/intent.h>

#include "plan/builtin.h"

struct expected {
	const char *prompt, *plan;
};

static const char flights[] =
	"[{\"id\":1,\"airline\":\"Delta\",\"from\":\"SFO\",\"to\":\"LAX\",\"price\":1"
	"20.5,\"stops\":0,\"duration_min\":80,\"departs\":\"2025-03-01T10:00"
	":00Z\",\"seats\":10,\"cabin\":\"economy\",\"refundable\":true,\"tags\":"
	"[\"wifi\",\"direct\"],\"carrier\":{\"code\":\"DL\",\"name\":\"Delta Air L"
	"ines\"}},{\"id\":2,\"airline\":\"United\",\"from\":\"SFO\",\"to\":\"LAX\",\""
	"price\":90,\"stops\":1,\"duration_min\":140,\"departs\":\"2025-03-02"
	"T10:00:00Z\",\"seats\":4,\"cabin\":\"business\",\"refundable\":false,"
	"\"tags\":[],\"carrier\":{\"code\":\"UA\",\"name\":\"United Airlines\"}},"
	"{\"id\":3,\"airline\":\"Delta\",\"from\":\"JFK\",\"to\":\"SFO\",\"price\":31"
	"0,\"stops\":2,\"duration_min\":390,\"departs\":\"2025-04-02T08:00:0"
	"0Z\",\"seats\":100,\"cabin\":\"economy\",\"refundable\":false,\"tags\":"
	"[\"meal\"],\"carrier\":{\"code\":\"DL\",\"name\":\"Delta Air Lines\"}},{"
	"\"id\":4,\"airline\":\"JetBlue\",\"from\":\"JFK\",\"to\":\"LAX\",\"price\":2"
	"10,\"stops\":1,\"duration_min\":350,\"departs\":\"2025-05-02T08:00:"
	"00Z\",\"seats\":0,\"cabin\":\"first\",\"refundable\":true,\"tags\":[\"me"
	"al\"],\"carrier\":{\"code\":\"B6\",\"name\":\"JetBlue Airways\"}}]";

static const char orders[] =
	"{\"data\":[{\"order_id\":1,\"customer\":{\"id\":7,\"name\":\"Acme Corp\""
	"},\"country\":\"Germany\",\"status\":\"pending\",\"total\":120.5,\"cost"
	"\":80,\"createdAt\":\"2025-02-01\",\"items\":3,\"discount_pct\":10,\"a"
	"ctive\":true,\"email\":null},{\"order_id\":2,\"customer\":{\"id\":7,\""
	"name\":\"Acme Corp\"},\"country\":\"France\",\"status\":\"shipped\",\"to"
	"tal\":80,\"cost\":20,\"createdAt\":\"2025-03-01\",\"items\":1,\"discou"
	"nt_pct\":0,\"active\":false,\"email\":\"a@b.c\"},{\"order_id\":3,\"cus"
	"tomer\":{\"id\":9,\"name\":\"Globex\"},\"country\":\"Germany\",\"status\""
	":\"refunded\",\"total\":999,\"cost\":400,\"createdAt\":\"2025-03-09\","
	"\"items\":7,\"discount_pct\":25,\"active\":true,\"email\":\"x@y.z\"}],"
	"\"total\":3}";

static agr_plan_answer ask(const char *prompt, const char *input, int lane)
{
	agr_plan_request request = { .prompt = prompt, .prompt_len = strlen(prompt),
		.lane = lane, .input = input, .input_len = input ? strlen(input) : 0 };
	agr_plan_answer answer;
	agentrun_error *err = NULL;

	ck_assert_msg(agr_builtin_plan(&answer, &request, &err) == 0, "%s: %s", prompt,
		agentrun_error_message(err));
	ck_assert_ptr_nonnull(answer.message);
	return answer;
}

static void plans(const struct expected *expected, size_t n, const char *input)
{
	for (size_t i = 0; i < n; i++) {
		agr_plan_answer answer = ask(expected[i].prompt, input, AGENTRUN_LANE_UNCLEAR);
		char *text;

		ck_assert_msg(answer.call != NULL, "%s: %s", expected[i].prompt, answer.message);
		ck_assert_str_eq(agr_json_str(answer.call, "name", ""), "execute_pipeline");
		text = agr_json_text(json_object_get(json_object_get(answer.call, "arguments"),
			"pipeline"));
		ck_assert_msg(strcmp(text, expected[i].plan) == 0, "%s: %s", expected[i].prompt, text);
		free(text);
		agr_plan_answer_clear(&answer);
	}
}

static void is_unclear(const char *const *prompts, size_t n, const char *input)
{
	for (size_t i = 0; i < n; i++) {
		agr_plan_answer answer = ask(prompts[i], input, AGENTRUN_LANE_UNCLEAR);
		char *text = agr_json_text(answer.call);

		ck_assert_msg(!answer.call, "%s: %s", prompts[i], text);
		free(text);
		agr_plan_answer_clear(&answer);
	}
}

static const struct expected flights_planned[] = {
	{ "flights with price over 1.5 thousand",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"op\":\">\","
		  "\"value\":1500}}]" },
	{ "min and max price by airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"aggs\":[{\"agg\":\"min\",\"field\":"
		  "\"price\",\"as\":\"min_price\"},{\"agg\":\"max\",\"field\":\"price\",\"as\":"
		  "\"max_price\"}]}]" },
	{ "show me the 10 cheapest flights",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":10}]" },
	{ "show the 10 cheapest flights to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"table_sort\",\"field\":\"p"
		  "rice\",\"order\":\"asc\"},{\"step\":\"top_k\",\"k\":10}]" },
	{ "top 10 cheapest flights from SFO to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"f"
		  "rom\",\"op\":\"==\",\"value\":\"SFO\"},{\"field\":\"to\",\"op\":\""
		  "==\",\"value\":\"LAX\"}]}},{\"step\":\"table_sort\",\"field\":\"pr"
		  "ice\",\"order\":\"asc\"},{\"step\":\"top_k\",\"k\":10}]" },
	{ "cheapest flights from SFO to LAX under $500",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"f"
		  "rom\",\"op\":\"==\",\"value\":\"SFO\"},{\"field\":\"to\",\"op\":\""
		  "==\",\"value\":\"LAX\"},{\"field\":\"price\",\"op\":\"<\",\"value"
		  "\":500}]}},{\"step\":\"table_sort\",\"field\":\"price\",\"order\":"
		  "\"asc\"}]" },
	{ "list flights with price under 500 sorted by price",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":500}},{\"step\":\"table_sort\",\"field\":\"pri"
		  "ce\",\"order\":\"asc\"}]" },
	{ "flights to LAX or SFO",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"in\",\"value\":[\"LAX\",\"SFO\"]}}]" },
	{ "which flights are under $200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}}]" },
	{ "find flights where price < 500 and to = LAX sorted by price "
		  "desc limit 5",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"p"
		  "rice\",\"op\":\"<\",\"value\":500},{\"field\":\"to\",\"op\":\"==\""
		  ",\"value\":\"LAX\"}]}},{\"step\":\"table_sort\",\"field\":\"price"
		  "\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\":5}]" },
	{ "show airline and price of flights to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"table_select\",\"fields\":"
		  "[\"airline\",\"price\"]}]" },
	{ "show only the airline and price",
		  "[{\"step\":\"table_select\",\"fields\":[\"airline\",\"price\"]}]" },
	{ "average price per airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"avg\",\"fiel"
		  "d\":\"price\",\"as\":\"avg_price\"}]" },
	{ "count flights by airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"count\",\"as"
		  "\":\"count\"}]" },
	{ "how many flights to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"count\"}]" },
	{ "how many flights are there to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"count\"}]" },
	{ "number of flights per airline sorted by count desc",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"count\",\"as"
		  "\":\"count\"},{\"step\":\"table_sort\",\"field\":\"count\",\"order"
		  "\":\"desc\"}]" },
	{ "which airline has the most flights",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"count\",\"as"
		  "\":\"count\"},{\"step\":\"table_sort\",\"field\":\"count\",\"order"
		  "\":\"desc\"},{\"step\":\"top_k\",\"k\":1}]" },
	{ "which airline has the highest average price",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"avg\",\"fiel"
		  "d\":\"price\",\"as\":\"avg_price\"},{\"step\":\"table_sort\",\"fie"
		  "ld\":\"avg_price\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\":1"
		  "}]" },
	{ "top 3 airlines by average price",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"avg\",\"fiel"
		  "d\":\"price\",\"as\":\"avg_price\"},{\"step\":\"table_sort\",\"fie"
		  "ld\":\"avg_price\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\":3"
		  "}]" },
	{ "unique airlines",
		  "[{\"step\":\"distinct\",\"by\":[\"airline\"]},{\"step\":\"table_se"
		  "lect\",\"fields\":[\"airline\"]}]" },
	{ "distinct values of airline",
		  "[{\"step\":\"distinct\",\"by\":[\"airline\"]},{\"step\":\"table_se"
		  "lect\",\"fields\":[\"airline\"]}]" },
	{ "how many airlines are there",
		  "[{\"step\":\"distinct\",\"by\":[\"airline\"]},{\"step\":\"count\"}"
		  "]" },
	{ "list Delta flights",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"==\",\"value\":\"Delta\"}}]" },
	{ "show economy flights under 300 dollars",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"c"
		  "abin\",\"op\":\"==\",\"value\":\"economy\"},{\"field\":\"price\","
		  "\"op\":\"<\",\"value\":300}]}}]" },
	{ "show refundable flights",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"refundable"
		  "\",\"op\":\"==\",\"value\":true}}]" },
	{ "flights with 2 stops",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"==\",\"value\":2}}]" },
	{ "flights with no stops",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"==\",\"value\":0}}]" },
	{ "flights without stops to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"s"
		  "tops\",\"op\":\"==\",\"value\":0},{\"field\":\"to\",\"op\":\"==\","
		  "\"value\":\"LAX\"}]}}]" },
	{ "flights with at least one stop",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\">=\",\"value\":1}}]" },
	{ "cheapest flights not to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"!=\",\"value\":\"LAX\"}},{\"step\":\"table_sort\",\"field\":\"p"
		  "rice\",\"order\":\"asc\"}]" },
	{ "top 10 flights except the ones with two stops",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"!=\",\"value\":2}},{\"step\":\"top_k\",\"k\":10}]" },
	{ "flights not by Delta",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"!=\",\"value\":\"Delta\"}}]" },
	{ "flights excluding Delta and United",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"not_in\",\"value\":[\"Delta\",\"United\"]}}]" },
	{ "flights other than Delta",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"!=\",\"value\":\"Delta\"}}]" },
	{ "flights departing after 2025-03-01",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\">=\",\"value\":\"2025-03-02\"}}]" },
	{ "flights in March 2025",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\"starts_with\",\"value\":\"2025-03\"}}]" },
	{ "flights before 1 May 2025",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\"<\",\"value\":\"2025-05-01\"}}]" },
	{ "flights on 2025-03-01",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\"starts_with\",\"value\":\"2025-03-01\"}}]" },
	{ "flights between 2025-03-01 and 2025-04-02",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"d"
		  "eparts\",\"op\":\">=\",\"value\":\"2025-03-01\"},{\"field\":\"depa"
		  "rts\",\"op\":\"<\",\"value\":\"2025-04-03\"}]}}]" },
	{ "flights with price between 100 and 300",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"p"
		  "rice\",\"op\":\">=\",\"value\":100},{\"field\":\"price\",\"op\":\""
		  "<=\",\"value\":300}]}}]" },
	{ "flights under 2 hours",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"duration_mi"
		  "n\",\"op\":\"<\",\"value\":120}}]" },
	{ "the fastest flight to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"table_sort\",\"field\":\"d"
		  "uration_min\",\"order\":\"asc\"},{\"step\":\"top_k\",\"k\":1}]" },
	{ "what is the cheapest flight to LAX?",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"table_sort\",\"field\":\"p"
		  "rice\",\"order\":\"asc\"},{\"step\":\"top_k\",\"k\":1}]" },
	{ "what is the lowest price?",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":1},{\"step\":\"table_select\",\"fields\":"
		  "[\"price\"]}]" },
	{ "latest 5 flights",
		  "[{\"step\":\"table_sort\",\"field\":\"departs\",\"order\":\"desc\""
		  "},{\"step\":\"top_k\",\"k\":5}]" },
	{ "sort by price descending and take 5",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"desc\"},"
		  "{\"step\":\"top_k\",\"k\":5}]" },
	{ "sort by airline, price desc",
		  "[{\"step\":\"table_sort\",\"by\":[{\"field\":\"airline\",\"order\""
		  ":\"asc\"},{\"field\":\"price\",\"order\":\"desc\"}]}]" },
	{ "group by airline and average price",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"avg\",\"fiel"
		  "d\":\"price\",\"as\":\"avg_price\"}]" },
	{ "total seats by airline sorted by total desc top 5",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"sum\",\"fiel"
		  "d\":\"seats\",\"as\":\"sum_seats\"},{\"step\":\"table_sort\",\"fie"
		  "ld\":\"sum_seats\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\":5"
		  "}]" },
	{ "show the first 3 rows",
		  "[{\"step\":\"top_k\",\"k\":3}]" },
	{ "flights sorted by duration, shortest first",
		  "[{\"step\":\"table_sort\",\"field\":\"duration_min\",\"order\":\"a"
		  "sc\"}]" },
	{ "show flights where the airline is not Delta",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"!=\",\"value\":\"Delta\"}}]" },
	{ "show flights where airline isn't Delta and stops is 1",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"a"
		  "irline\",\"op\":\"!=\",\"value\":\"Delta\"},{\"field\":\"stops\","
		  "\"op\":\"==\",\"value\":1}]}}]" },
	{ "flights where price > 100 or stops = 0",
		  "[{\"step\":\"table_filter\",\"condition\":{\"or\":[{\"field\":\"pr"
		  "ice\",\"op\":\">\",\"value\":100},{\"field\":\"stops\",\"op\":\"=="
		  "\",\"value\":0}]}}]" },
	{ "flights where tags contain wifi",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"tags\",\"op"
		  "\":\"contains\",\"value\":\"wifi\"}}]" },
	{ "flights with the fewest stops",
		  "[{\"step\":\"table_sort\",\"field\":\"stops\",\"order\":\"asc\"}]" },
	{ "which flight has the most seats",
		  "[{\"step\":\"table_sort\",\"field\":\"seats\",\"order\":\"desc\"},"
		  "{\"step\":\"top_k\",\"k\":1}]" },
	{ "flights with carrier name Delta Air Lines",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"carrier.nam"
		  "e\",\"op\":\"==\",\"value\":\"Delta Air Lines\"}}]" },
	{ "pirce under 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}}]" },
	{ "flights where pirce under 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}}]" },
	{ "get flights from https://api.example.com/flights sorted by p"
		  "rice",
		  "[{\"step\":\"http_request\",\"url\":\"https://api.example.com/flig"
		  "hts\"},{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"as"
		  "c\"}]" },
	{ "show me a dozen flights",
		  "[{\"step\":\"top_k\",\"k\":12}]" },
	{ "max price per airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"max\",\"fiel"
		  "d\":\"price\",\"as\":\"max_price\"}]" },
	{ "average price and count by airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"aggs\":[{\"agg\":\"a"
		  "vg\",\"field\":\"price\",\"as\":\"avg_price\"},{\"agg\":\"count\","
		  "\"as\":\"count\"}]}]" },
	{ "average price of Delta flights",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"==\",\"value\":\"Delta\"}},{\"step\":\"groupby\",\"by\":["
		  "],\"agg\":\"avg\",\"field\":\"price\",\"as\":\"avg_price\"}]" },
	{ "flights longer than 2 hours",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"duration_mi"
		  "n\",\"op\":\">\",\"value\":120}}]" },
	{ "flights cheaper than 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}}]" },
	{ "flights costing less than $150",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":150}}]" },
	{ "Show the airline, from, to and price of the 5 cheapest fligh"
		  "ts.",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":5},{\"step\":\"table_select\",\"fields\":"
		  "[\"airline\",\"from\",\"to\",\"price\"]}]" },
	{ "flights where (to = LAX or to = SFO) and price < 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"or\":[{\"fi"
		  "eld\":\"to\",\"op\":\"==\",\"value\":\"LAX\"},{\"field\":\"to\",\""
		  "op\":\"==\",\"value\":\"SFO\"}]},{\"field\":\"price\",\"op\":\"<\""
		  ",\"value\":200}]}}]" },
	{ "sort by price, take 2, and select airline, price",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":2},{\"step\":\"table_select\",\"fields\":"
		  "[\"airline\",\"price\"]}]" },
	{ "take the first 2 rows and then sort by price",
		  "[{\"step\":\"top_k\",\"k\":2},{\"step\":\"table_sort\",\"field\":"
		  "\"price\",\"order\":\"asc\"}]" },
	{ "flights with fewer than 50 seats",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"seats\",\"o"
		  "p\":\"<\",\"value\":50}}]" },
	{ "United or JetBlue flights",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"in\",\"value\":[\"United\",\"JetBlue\"]}}]" },
	{ "count of flights to LAX by airline",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"groupby\",\"by\":[\"airlin"
		  "e\"],\"agg\":\"count\",\"as\":\"count\"}]" },
	{ "flights to LAX, cheapest first, top 3",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"table_sort\",\"field\":\"p"
		  "rice\",\"order\":\"asc\"},{\"step\":\"top_k\",\"k\":3}]" },
	{ "show flights from SFO sorted by price then duration",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"from\",\"op"
		  "\":\"==\",\"value\":\"SFO\"}},{\"step\":\"table_sort\",\"by\":[{\""
		  "field\":\"price\",\"order\":\"asc\"},{\"field\":\"duration_min\","
		  "\"order\":\"asc\"}]}]" },
	{ "list the 5 most expensive flights from JFK",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"from\",\"op"
		  "\":\"==\",\"value\":\"JFK\"}},{\"step\":\"table_sort\",\"field\":"
		  "\"price\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\":5}]" },
	{ "flights to LAX with price less than 200 and at most 1 stop",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"t"
		  "o\",\"op\":\"==\",\"value\":\"LAX\"},{\"field\":\"price\",\"op\":"
		  "\"<\",\"value\":200},{\"field\":\"stops\",\"op\":\"<=\",\"value\":"
		  "1}]}}]" },
	{ "flights where from is SFO",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"from\",\"op"
		  "\":\"==\",\"value\":\"SFO\"}}]" },
	{ "flights where departs is 2025-03-01",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\"starts_with\",\"value\":\"2025-03-01\"}}]" },
	{ "flights departing on 2025-03-01",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\"starts_with\",\"value\":\"2025-03-01\"}}]" },
	{ "flights after March 2025",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\">=\",\"value\":\"2025-04\"}}]" },
	{ "flights with price not between 100 and 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"not\":{\"and\":[{\"fi"
		  "eld\":\"price\",\"op\":\">=\",\"value\":100},{\"field\":\"price\","
		  "\"op\":\"<=\",\"value\":200}]}}}]" },
	{ "flights where airline is \"Delta\" or \"United\"",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"in\",\"value\":[\"Delta\",\"United\"]}}]" },
	{ "flights where airline is Delta or price under 100",
		  "[{\"step\":\"table_filter\",\"condition\":{\"or\":[{\"field\":\"ai"
		  "rline\",\"op\":\"==\",\"value\":\"Delta\"},{\"field\":\"price\",\""
		  "op\":\"<\",\"value\":100}]}}]" },
	{ "show price for Delta",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"==\",\"value\":\"Delta\"}},{\"step\":\"table_select\",\"f"
		  "ields\":[\"price\"]}]" },
	{ "show id, airline and price where stops = 0",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"==\",\"value\":0}},{\"step\":\"table_select\",\"fields\":[\""
		  "id\",\"airline\",\"price\"]}]" },
	{ "get the first 10 flights sorted by price",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":10}]" },
	{ "top 10 flights sorted by price",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":10}]" },
	{ "sort flights by price and show the first 3",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":3}]" },
	{ "take 3",
		  "[{\"step\":\"top_k\",\"k\":3}]" },
	{ "limit 3",
		  "[{\"step\":\"top_k\",\"k\":3}]" },
	{ "show the 3 flights with the lowest price",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":3}]" },
	{ "flights with the lowest price",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"}]" },
	{ "flight with the lowest price",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":1}]" },
	{ "price of the cheapest flight to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"table_sort\",\"field\":\"p"
		  "rice\",\"order\":\"asc\"},{\"step\":\"top_k\",\"k\":1},{\"step\":"
		  "\"table_select\",\"fields\":[\"price\"]}]" },
	{ "how many flights cost more than 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\">\",\"value\":200}},{\"step\":\"count\"}]" },
	{ "how many Delta flights cost under $200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"a"
		  "irline\",\"op\":\"==\",\"value\":\"Delta\"},{\"field\":\"price\","
		  "\"op\":\"<\",\"value\":200}]}},{\"step\":\"count\"}]" },
	{ "show flights that cost less than $200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}}]" },
	{ "flights to LAX on Delta",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"t"
		  "o\",\"op\":\"==\",\"value\":\"LAX\"},{\"field\":\"airline\",\"op\""
		  ":\"==\",\"value\":\"Delta\"}]}}]" },
	{ "flights to Lax",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}}]" },
	{ "flights to ORD",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"ORD\"}}]" },
	{ "flights from LAX to SFO or JFK",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"f"
		  "rom\",\"op\":\"==\",\"value\":\"LAX\"},{\"field\":\"to\",\"op\":\""
		  "in\",\"value\":[\"SFO\",\"JFK\"]}]}}]" },
	{ "flights from SFO, JFK or LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"from\",\"op"
		  "\":\"in\",\"value\":[\"SFO\",\"JFK\",\"LAX\"]}}]" },
	{ "economy or business flights",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"cabin\",\"o"
		  "p\":\"in\",\"value\":[\"economy\",\"business\"]}}]" },
	{ "cheapest economy flight",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"cabin\",\"o"
		  "p\":\"==\",\"value\":\"economy\"}},{\"step\":\"table_sort\",\"fiel"
		  "d\":\"price\",\"order\":\"asc\"},{\"step\":\"top_k\",\"k\":1}]" },
	{ "cheapest business flight under $100 to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"c"
		  "abin\",\"op\":\"==\",\"value\":\"business\"},{\"field\":\"price\","
		  "\"op\":\"<\",\"value\":100},{\"field\":\"to\",\"op\":\"==\",\"valu"
		  "e\":\"LAX\"}]}},{\"step\":\"table_sort\",\"field\":\"price\",\"ord"
		  "er\":\"asc\"},{\"step\":\"top_k\",\"k\":1}]" },
	{ "flights not refundable",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"refundable"
		  "\",\"op\":\"!=\",\"value\":true}}]" },
	{ "flights without refundable",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"refundable"
		  "\",\"op\":\"==\",\"value\":false}}]" },
	{ "exclude Delta flights",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"!=\",\"value\":\"Delta\"}}]" },
	{ "filter out Delta flights",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"!=\",\"value\":\"Delta\"}}]" },
	{ "just flights to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}}]" },
	{ "flights with a price under 100",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":100}}]" },
	{ "flights with no seats",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"seats\",\"o"
		  "p\":\"==\",\"value\":0}}]" },
	{ "flights with 0 seats",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"seats\",\"o"
		  "p\":\"==\",\"value\":0}}]" },
	{ "flights with zero stops",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"==\",\"value\":0}}]" },
	{ "flights that have 2 stops",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"==\",\"value\":2}}]" },
	{ "flights which have no stops",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"==\",\"value\":0}}]" },
	{ "flights with up to 2 stops",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"<=\",\"value\":2}}]" },
	{ "flights with 1 stop or 2 stops",
		  "[{\"step\":\"table_filter\",\"condition\":{\"or\":[{\"field\":\"st"
		  "ops\",\"op\":\"==\",\"value\":1},{\"field\":\"stops\",\"op\":\"=="
		  "\",\"value\":2}]}}]" },
	{ "flights in 2025",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\"starts_with\",\"value\":\"2025\"}}]" },
	{ "count airlines",
		  "[{\"step\":\"distinct\",\"by\":[\"airline\"]},{\"step\":\"count\"}"
		  "]" },
	{ "number of airlines",
		  "[{\"step\":\"distinct\",\"by\":[\"airline\"]},{\"step\":\"count\"}"
		  "]" },
	{ "average of price by airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"avg\",\"fiel"
		  "d\":\"price\",\"as\":\"avg_price\"}]" },
	{ "sum price by airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"sum\",\"fiel"
		  "d\":\"price\",\"as\":\"sum_price\"}]" },
	{ "mean price grouped by airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"avg\",\"fiel"
		  "d\":\"price\",\"as\":\"avg_price\"}]" },
	{ "average price by airline for flights to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"groupby\",\"by\":[\"airlin"
		  "e\"],\"agg\":\"avg\",\"field\":\"price\",\"as\":\"avg_price\"}]" },
	{ "average price by airline where stops = 0",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"==\",\"value\":0}},{\"step\":\"groupby\",\"by\":[\"airline\""
		  "],\"agg\":\"avg\",\"field\":\"price\",\"as\":\"avg_price\"}]" },
	{ "count flights by airline and sort by count descending",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"count\",\"as"
		  "\":\"count\"},{\"step\":\"table_sort\",\"field\":\"count\",\"order"
		  "\":\"desc\"}]" },
	{ "average duration per airline, longest first",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"avg\",\"fiel"
		  "d\":\"duration_min\",\"as\":\"avg_duration_min\"},{\"step\":\"tabl"
		  "e_sort\",\"field\":\"avg_duration_min\",\"order\":\"desc\"}]" },
	{ "the flight with the most seats to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"table_sort\",\"field\":\"s"
		  "eats\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\":1}]" },
	{ "could you list flights to LAX?",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}}]" },
	{ "I want to see the 3 cheapest flights",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":3}]" },
	{ "sort by price desc, seats asc",
		  "[{\"step\":\"table_sort\",\"by\":[{\"field\":\"price\",\"order\":"
		  "\"desc\"},{\"field\":\"seats\",\"order\":\"asc\"}]}]" },
	{ "order by price descending limit 2",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"desc\"},"
		  "{\"step\":\"top_k\",\"k\":2}]" },
	{ "select airline, price where price < 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}},{\"step\":\"table_select\",\"fields\":["
		  "\"airline\",\"price\"]}]" },
	{ "filter price < 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}}]" },
	{ "filter flights where price < 200 and count them",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}},{\"step\":\"count\"}]" },
	{ "flights where price<200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}}]" },
	{ "flights where price>=200 and stops!=1",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"p"
		  "rice\",\"op\":\">=\",\"value\":200},{\"field\":\"stops\",\"op\":\""
		  "!=\",\"value\":1}]}}]" },
	{ "flights price < 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}}]" },
	{ "flights where not price < 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\">=\",\"value\":200}}]" },
	{ "flights where not (price < 200 or stops = 0)",
		  "[{\"step\":\"table_filter\",\"condition\":{\"not\":{\"or\":[{\"fie"
		  "ld\":\"price\",\"op\":\"<\",\"value\":200},{\"field\":\"stops\",\""
		  "op\":\"==\",\"value\":0}]}}}]" },
	{ "flights with duration over 2h",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"duration_mi"
		  "n\",\"op\":\">\",\"value\":120}}]" },
	{ "flights with duration over 2",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"duration_mi"
		  "n\",\"op\":\">\",\"value\":2}}]" },
	{ "flights with duration over 120 minutes",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"duration_mi"
		  "n\",\"op\":\">\",\"value\":120}}]" },
	{ "flights with duration min over 120",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"duration_mi"
		  "n\",\"op\":\">\",\"value\":120}}]" },
	{ "flights from SFO but not to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"f"
		  "rom\",\"op\":\"==\",\"value\":\"SFO\"},{\"field\":\"to\",\"op\":\""
		  "!=\",\"value\":\"LAX\"}]}}]" },
	{ "flights to LAX that are not refundable",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"t"
		  "o\",\"op\":\"==\",\"value\":\"LAX\"},{\"field\":\"refundable\",\"o"
		  "p\":\"!=\",\"value\":true}]}}]" },
	{ "flights with less than $100 or more than $300",
		  "[{\"step\":\"table_filter\",\"condition\":{\"or\":[{\"field\":\"pr"
		  "ice\",\"op\":\"<\",\"value\":100},{\"field\":\"price\",\"op\":\">"
		  "\",\"value\":300}]}}]" },
	{ "only Delta",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"==\",\"value\":\"Delta\"}}]" },
	{ "flights by Delta or under $100",
		  "[{\"step\":\"table_filter\",\"condition\":{\"or\":[{\"field\":\"ai"
		  "rline\",\"op\":\"==\",\"value\":\"Delta\"},{\"field\":\"price\",\""
		  "op\":\"<\",\"value\":100}]}}]" },
	{ "total price",
		  "[{\"step\":\"groupby\",\"by\":[],\"agg\":\"sum\",\"field\":\"price"
		  "\",\"as\":\"sum_price\"}]" },
	{ "flights with price not 90 or 120",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"not_in\",\"value\":[90,120]}}]" },
	{ "flights where price is not 90 or 310",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"not_in\",\"value\":[90,310]}}]" },
	{ "flights where price is not set",
		  "[{\"step\":\"table_filter\",\"condition\":{\"not\":{\"field\":\"pr"
		  "ice\",\"op\":\"exists\",\"value\":true}}}]" },
	{ "different prices",
		  "[{\"step\":\"distinct\",\"by\":[\"price\"]},{\"step\":\"table_sele"
		  "ct\",\"fields\":[\"price\"]}]" },
	{ "show Delta flights to LAX or SFO but not from JFK",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"a"
		  "irline\",\"op\":\"==\",\"value\":\"Delta\"},{\"field\":\"to\",\"op"
		  "\":\"in\",\"value\":[\"LAX\",\"SFO\"]},{\"field\":\"from\",\"op\":"
		  "\"!=\",\"value\":\"JFK\"}]}}]" },
	{ "show flights to LAX or SFO and under $200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"t"
		  "o\",\"op\":\"in\",\"value\":[\"LAX\",\"SFO\"]},{\"field\":\"price"
		  "\",\"op\":\"<\",\"value\":200}]}}]" },
	{ "show flights from SFO or to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"or\":[{\"field\":\"fr"
		  "om\",\"op\":\"==\",\"value\":\"SFO\"},{\"field\":\"to\",\"op\":\"="
		  "=\",\"value\":\"LAX\"}]}}]" },
	{ "cheapest flight with no stops",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"==\",\"value\":0}},{\"step\":\"table_sort\",\"field\":\"pric"
		  "e\",\"order\":\"asc\"},{\"step\":\"top_k\",\"k\":1}]" },
	{ "flights not cheaper than 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\">=\",\"value\":200}}]" },
	{ "flights no more than $200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<=\",\"value\":200}}]" },
	{ "flights with no more than 1 stop",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"<=\",\"value\":1}}]" },
	{ "flights with not more than 1 stop",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"<=\",\"value\":1}}]" },
	{ "flights over $100 and under $300",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"p"
		  "rice\",\"op\":\">\",\"value\":100},{\"field\":\"price\",\"op\":\"<"
		  "\",\"value\":300}]}}]" },
	{ "flights over $100 under $300",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"p"
		  "rice\",\"op\":\">\",\"value\":100},{\"field\":\"price\",\"op\":\"<"
		  "\",\"value\":300}]}}]" },
	{ "flights where price is 90 and stops is not 0",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"p"
		  "rice\",\"op\":\"==\",\"value\":90},{\"field\":\"stops\",\"op\":\"!"
		  "=\",\"value\":0}]}}]" },
	{ "flights where stops in 0,1",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"in\",\"value\":[0,1]}}]" },
	{ "flights where stops in (0, 1)",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"in\",\"value\":[0,1]}}]" },
	{ "flights where stops in [0,1]",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"stops\",\"o"
		  "p\":\"in\",\"value\":[0,1]}}]" },
	{ "flights where airline in Delta, United",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"in\",\"value\":[\"Delta\",\"United\"]}}]" },
	{ "flights where airline not in (Delta, United)",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"not_in\",\"value\":[\"Delta\",\"United\"]}}]" },
	{ "flights where airline is one of Delta, United",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"in\",\"value\":[\"Delta\",\"United\"]}}]" },
	{ "flights where airline is none of Delta, United",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"not_in\",\"value\":[\"Delta\",\"United\"]}}]" },
	{ "flights where airline starts with D",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"starts_with\",\"value\":\"D\"}}]" },
	{ "flights where airline contains elt",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"contains\",\"value\":\"elt\"}}]" },
	{ "flights where airline doesn't contain elt",
		  "[{\"step\":\"table_filter\",\"condition\":{\"not\":{\"field\":\"ai"
		  "rline\",\"op\":\"contains\",\"value\":\"elt\"}}}]" },
	{ "flights where carrier.code is DL",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"carrier.cod"
		  "e\",\"op\":\"==\",\"value\":\"DL\"}}]" },
	{ "flights where carrier code = \"DL\"",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"carrier.cod"
		  "e\",\"op\":\"==\",\"value\":\"DL\"}}]" },
	{ "flights where name is United Airlines",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"carrier.nam"
		  "e\",\"op\":\"==\",\"value\":\"United Airlines\"}}]" },
	{ "flights where code is DL or B6",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"carrier.cod"
		  "e\",\"op\":\"in\",\"value\":[\"DL\",\"B6\"]}}]" },
	{ "flights with code DL",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"carrier.cod"
		  "e\",\"op\":\"==\",\"value\":\"DL\"}}]" },
	{ "flights with airline = Delta, price < 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"a"
		  "irline\",\"op\":\"==\",\"value\":\"Delta\"},{\"field\":\"price\","
		  "\"op\":\"<\",\"value\":200}]}}]" },
	{ "flights with airline Delta, price < 200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"a"
		  "irline\",\"op\":\"==\",\"value\":\"Delta\"},{\"field\":\"price\","
		  "\"op\":\"<\",\"value\":200}]}}]" },
	{ "flights with airline Delta, United or JetBlue",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"airline\","
		  "\"op\":\"in\",\"value\":[\"Delta\",\"United\",\"JetBlue\"]}}]" },
	{ "list flights where to is not LAX or SFO",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"not_in\",\"value\":[\"LAX\",\"SFO\"]}}]" },
	{ "list flights where to is not LAX and from is not SFO",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"t"
		  "o\",\"op\":\"!=\",\"value\":\"LAX\"},{\"field\":\"from\",\"op\":\""
		  "!=\",\"value\":\"SFO\"}]}}]" },
	{ "flights to LAX, from SFO",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"t"
		  "o\",\"op\":\"==\",\"value\":\"LAX\"},{\"field\":\"from\",\"op\":\""
		  "==\",\"value\":\"SFO\"}]}}]" },
	{ "flights to LAX from SFO on 2025-03-01",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"t"
		  "o\",\"op\":\"==\",\"value\":\"LAX\"},{\"field\":\"from\",\"op\":\""
		  "==\",\"value\":\"SFO\"},{\"field\":\"departs\",\"op\":\"starts_wit"
		  "h\",\"value\":\"2025-03-01\"}]}}]" },
	{ "flights between March 2025 and April 2025",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"d"
		  "eparts\",\"op\":\">=\",\"value\":\"2025-03\"},{\"field\":\"departs"
		  "\",\"op\":\"<\",\"value\":\"2025-05\"}]}}]" },
	{ "flights departing from 2025-03-01",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\">=\",\"value\":\"2025-03-01\"}}]" },
	{ "flights from SFO departing before 2025-03-02",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"f"
		  "rom\",\"op\":\"==\",\"value\":\"SFO\"},{\"field\":\"departs\",\"op"
		  "\":\"<\",\"value\":\"2025-03-02\"}]}}]" },
	{ "flights later than 2025-03-01",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\">=\",\"value\":\"2025-03-02\"}}]" },
	{ "flights on 1st of March 2025",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\"starts_with\",\"value\":\"2025-03-01\"}}]" },
	{ "flights on March 1, 2025",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\"starts_with\",\"value\":\"2025-03-01\"}}]" },
	{ "flights where departs > 2025-03-01T12:00:00Z",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\">\",\"value\":\"2025-03-01T12:00:00Z\"}}]" },
	{ "flights where departs > \"2025-03-01\"",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"departs\","
		  "\"op\":\">=\",\"value\":\"2025-03-02\"}}]" },
	{ "sum of seats",
		  "[{\"step\":\"groupby\",\"by\":[],\"agg\":\"sum\",\"field\":\"seats"
		  "\",\"as\":\"sum_seats\"}]" },
	{ "airline with the most flights to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"groupby\",\"by\":[\"airlin"
		  "e\"],\"agg\":\"count\",\"as\":\"count\"},{\"step\":\"table_sort\","
		  "\"field\":\"count\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\":"
		  "1}]" },
	{ "which airline has the fewest flights to LAX?",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"groupby\",\"by\":[\"airlin"
		  "e\"],\"agg\":\"count\",\"as\":\"count\"},{\"step\":\"table_sort\","
		  "\"field\":\"count\",\"order\":\"asc\"},{\"step\":\"top_k\",\"k\":1"
		  "}]" },
	{ "which airline has the lowest average price for flights to LA"
		  "X",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"groupby\",\"by\":[\"airlin"
		  "e\"],\"agg\":\"avg\",\"field\":\"price\",\"as\":\"avg_price\"},{\""
		  "step\":\"table_sort\",\"field\":\"avg_price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":1}]" },
	{ "which airlines have the most flights",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"count\",\"as"
		  "\":\"count\"},{\"step\":\"table_sort\",\"field\":\"count\",\"order"
		  "\":\"desc\"}]" },
	{ "top 3 airlines by number of flights to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"groupby\",\"by\":[\"airlin"
		  "e\"],\"agg\":\"count\",\"as\":\"count\"},{\"step\":\"table_sort\","
		  "\"field\":\"count\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\":"
		  "3}]" },
	{ "top 3 airlines by total seats",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"sum\",\"fiel"
		  "d\":\"seats\",\"as\":\"sum_seats\"},{\"step\":\"table_sort\",\"fie"
		  "ld\":\"sum_seats\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\":3"
		  "}]" },
	{ "3 lowest prices",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":3},{\"step\":\"table_select\",\"fields\":"
		  "[\"price\"]}]" },
	{ "highest price per airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"max\",\"fiel"
		  "d\":\"price\",\"as\":\"max_price\"}]" },
	{ "lowest price for each airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"min\",\"fiel"
		  "d\":\"price\",\"as\":\"min_price\"}]" },
	{ "count distinct airlines",
		  "[{\"step\":\"distinct\",\"by\":[\"airline\"]},{\"step\":\"count\"}"
		  "]" },
	{ "average price per airline and cabin",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\",\"cabin\"],\"agg\":\"av"
		  "g\",\"field\":\"price\",\"as\":\"avg_price\"}]" },
	{ "average price by airline sorted by price",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"avg\",\"fiel"
		  "d\":\"price\",\"as\":\"avg_price\"},{\"step\":\"table_sort\",\"fie"
		  "ld\":\"avg_price\",\"order\":\"asc\"}]" },
	{ "average price by airline highest first",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"avg\",\"fiel"
		  "d\":\"price\",\"as\":\"avg_price\"},{\"step\":\"table_sort\",\"fie"
		  "ld\":\"avg_price\",\"order\":\"desc\"}]" },
	{ "flights sorted by airline descending, then price",
		  "[{\"step\":\"table_sort\",\"by\":[{\"field\":\"airline\",\"order\""
		  ":\"desc\"},{\"field\":\"price\",\"order\":\"asc\"}]}]" },
	{ "sort by price, descending",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"desc\"}]" },
	{ "sort by price in descending order",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"desc\"}]" },
	{ "sort the flights by price",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"}]" },
	{ "please sort them by price",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"}]" },
	{ "and sort by price",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"}]" },
	{ "only flights under $200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}}]" },
	{ "show only flights under $200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}}]" },
	{ "show only airline and price of flights under $200",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"price\",\"o"
		  "p\":\"<\",\"value\":200}},{\"step\":\"table_select\",\"fields\":["
		  "\"airline\",\"price\"]}]" },
	{ "just the airline",
		  "[{\"step\":\"table_select\",\"fields\":[\"airline\"]}]" },
	{ "flights with id 3",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"id\",\"op\""
		  ":\"==\",\"value\":3}}]" },
	{ "what is the price",
		  "[{\"step\":\"table_select\",\"fields\":[\"price\"]}]" },
	{ "what is the price of flights to LAX",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"table_select\",\"fields\":"
		  "[\"price\"]}]" },
	{ "what's the average price of flights to LAX?",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"to\",\"op\""
		  ":\"==\",\"value\":\"LAX\"}},{\"step\":\"groupby\",\"by\":[],\"agg"
		  "\":\"avg\",\"field\":\"price\",\"as\":\"avg_price\"}]" },
	{ "tell me the cheapest flight",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":1}]" },
	/* With no noun behind it, the extreme is one; "are" asks for several. */
	{ "tell me the cheapest",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"},{"
		  "\"step\":\"top_k\",\"k\":1}]" },
	{ "what are the cheapest",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"asc\"}]" },
	{ "give me 5 flights",
		  "[{\"step\":\"top_k\",\"k\":5}]" },
	{ "flights with tags containing wifi",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"tags\",\"op"
		  "\":\"contains\",\"value\":\"wifi\"}}]" },
	{ "flights whose tags include wifi",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"tags\",\"op"
		  "\":\"contains\",\"value\":\"wifi\"}}]" },
	{ "count cabins",
		  "[{\"step\":\"distinct\",\"by\":[\"cabin\"]},{\"step\":\"count\"}]" },
	{ "how many carriers are there",
		  "[{\"step\":\"distinct\",\"by\":[\"carrier\"]},{\"step\":\"count\"}"
		  "]" },
};

static const char *const flights_unclear[] = {
	"5",
	"to to LAX",
	"10 million flights",
	"largest flights by airline",
	"largest flights by price by airline",
	"biggest flights by price and stops",
	"cheapest flights by airline",
	"min and max by airline",
	"min or max price by airline",
	"max and max price by airline",
	"the airline with the most stops",
	"flights in economy class",
	"show all flights",
	"which airlines have an average price over 200",
	"flights not under 200",
	"flights not between 100 and 200",
	"flights with note containing x",
	"flights whose carrier is Delta",
	"flights of carrier Delta Air Lines",
	"flights where airline is Foo or Bar",
	"show flights with airline and price",
	"show the most expensive flight for each airline",
	"how many flights does Delta have",
	"what are the airlines with flights to LAX",
	"is there a flight to LAX",
	"flights to Chicago",
	"flights to chicago",
	"flights going to LAX",
	"non-refundable flights",
	"not refundable flights",
	"flights without wifi",
	"remove Delta flights",
	"drop flights to LAX",
	"flights only to LAX",
	"flights exactly at 90",
	"flights priced at 90",
	"flights with price of 90",
	"flights with a price of 90",
	"flights with seats",
	"flights that don't have 2 stops",
	"flights that do not stop",
	"flights with max 2 stops",
	"flights with 1 or 2 stops",
	"flights with one or fewer stops",
	"flights in 2025 or 2026",
	"show me flights!",
	"Show the top-3 flights",
	"3 cheapest flights per airline",
	"average price by airline under 200",
	"count flights by airline, top 3",
	"cheapest airline",
	"airlines by average price",
	"please show me the 3 cheapest flights to LAX, thanks",
	"I'd like flights to LAX",
	"flights to LAX and also to SFO",
	"flights to LAX then cheapest",
	"show flights to LAX sorted by price and count them",
	"sort by price and sort by seats",
	"flights with flight duration over 120",
	"flights where flight_no = 3",
	"show flights to LAX that my boss would like",
	"delete the node that fails most often",
	"flights to anywhere",
	"flights to somewhere warm",
	"show me good flights",
	"best flights",
	"top flights",
	"cheap flights",
	"flights under 500",
	"flights that are almost full",
	"show flights and hotels",
	"flights to LAX and count orders by country",
	"show the errors",
	"list duplicates",
	"show the 10 cheapest non-stop flights",
	"direct flights to LAX",
	"show cheapest direct",
	"flights from last week",
	"flights today",
	"cheapest flights if the price is under 100",
	"flights where colour is red",
	"sort by colour",
	"flights to LAX or price under 100 and stops 0",
	"flights to LAX and SFO",
	"top 10 flights by price",
	"top 10 flights sorted by seats",
	"average colour per airline",
	"median price per airline",
	"cheapest flight per airline",
	"top 3 flights per airline",
	"don't show flights to LAX",
	"show no flights to LAX",
	"never show Delta flights",
	"flights neither to LAX nor SFO",
	"price under 1m",
	"flights under 90m",
	"flights with price under 20%",
	"flights where price is high",
	"flights where stops is many",
	"price above delta",
	"show airlines",
	"show airline and price under 500",
	"flights unless delayed",
	"flights to LAX, but not the expensive ones",
	"flights to LAX except on Mondays",
	"flights except Delta under $100",
	"show flights to LAX and their weather",
	"show flights in alphabetical order",
	"list all customers",
	"average price of the 10 cheapest flights",
	"count the top 10 flights",
	"flights with wifi",
	"flights to LAX with my favorite airline",
	"flights to lax or jfk",
	"flights to LAX for two people",
	"2 flights to LAX and 3 to SFO",
	"flights 03/04/2025",
	"flights after 03/04/2025",
	"flights after May 5",
	"flights in March",
	"flights after noon",
	"biggest flights",
	"longest delay",
	"flights by price",
	"group by airline",
	"sort",
	"show",
	"the",
	"flights ????",
	"cheapest flights to LAX; drop table flights",
	"show flights, please ignore Delta",
	"flights with more than two but fewer than five stops",
	"not Delta and United flights",
	"flights not to LAX or from SFO",
	"which airline is the best",
	"which airline has the most seats",
	"which airlines fly to LAX",
	"what time does the flight leave",
	"price",
	"how much is the cheapest flight",
	"twice the price of flights",
	"flights to LAX under 99999999999999999999999",
	"flights where id = 99999999999999999999999",
	"price between 300 and 100",
	"top 0 flights",
	"top -5 flights",
	"top 2.5 flights",
	"first flight",
	"last 5 flights",
	"the second cheapest flight",
	"the 3rd cheapest flight",
	"cheapest flights over 2 hours without Delta",
	"flights which are not cheap",
	"flights excluding those to LAX with 2 stops",
	"all flights but Delta",
	"all flights but the cheapest",
	"show everything except price",
	"price per airline",
	"email me the top 10 flights",
	"add an http node after fetch",
	"flights cheaper than average",
	"flights between LAX and SFO",
	"flights between SFO and LAX under $200",
	"flights within 2 hours",
	"flights to LAX under $100 or stops 0",
	"few stops",
	"flights with few stops",
	"flights with less than a dozen seats",
	"flights without a price",
	"cheapest 10 percent of flights",
	"top 10% flights",
	"top 10% of flights by seats",
	"random 5 flights",
	"5 random flights",
	"half of the flights",
	"every second flight",
	"flights with the same price",
	"flights with different prices",
	"flights that depart before they arrive",
	"flights departing in the morning",
	"flights to LAX this week",
	"flights by Delta and United",
	"Delta and United flights",
	"Delta, United flights",
	"Delta flights and United flights",
	"show flights to neither LAX nor SFO",
	"no Delta flights",
	"flights with no Delta",
	"flights without Delta",
	"anything but Delta",
	"anything except Delta",
	"everything except Delta flights",
	"all flights except the cheapest",
	"all except the first 3 flights",
	"skip the first 3 flights",
	"flights after the first 3",
	"show the top 10 cheapest flights and the 5 most expensive",
	"cheapest and fastest flight",
	"cheapest or fastest flight",
	"cheapest nonstop flight",
	"the least cheap flight",
	"the not so cheap flights",
	"flights no cheaper than 200",
	"flights not cheapest",
	"flights with more than 1 but less than 3 stops",
	"flights with price over 100 but under 300",
	"flights with price over 100 and under 300",
	"flights where price > 100 and < 300",
	"flights where price is over 100 and not over 300",
	"flights where price is 90 and not 310",
	"price > 100 & stops = 0",
	"price > 100 && stops = 0",
	"flights where airline does not start with D",
	"flights where airline like D%",
	"flights where airline matches \"^D\"",
	"flights to LAX, SFO",
	"flights to LAX before March 2",
	"flights to LAX between March and May 2025",
	"flights from March 2025",
	"flights from 2025-03-01 to 2025-03-02",
	"flights from 2025",
	"flights on or after 2025-03-01",
	"flights after or on 2025-03-01",
	"flights arriving after 2025-03-01",
	"flights booked after 2025-03-01",
	"flights delayed after 2025-03-01",
	"flights with departs 2025-03-01",
	"flights on 2025-02-30",
	"flights at 10:00",
	"flights on 2025-03-01 at 10:00",
	"how many seats are there",
	"how many seats are there in total",
	"how many stops does the cheapest flight have",
	"number of seats per airline",
	"seats per airline",
	"total number of seats per airline",
	"total number of flights",
	"total flights",
	"total flights per airline",
	"most common airline",
	"which airline flies most often",
	"who has the most flights",
	"top 3 airlines",
	"top 3 airlines by flights",
	"top 3 airlines by price",
	"bottom 3 flights by price",
	"lowest 3 prices",
	"count of airlines per destination",
	"count unique airlines by cabin",
	"average price per airline, only for economy",
	"average price by airline above 200",
	"average price by airline having average price over 200",
	"compare Delta and United",
	"compare prices of Delta and United",
	"difference between highest and lowest price",
	"price range",
	"flights ordered alphabetically by airline",
	"flights sorted by airline a-z",
	"flights sorted by airline z to a",
	"flights sorted by price from cheapest to most expensive",
	"flights sorted by cheapest",
	"flights sorted from cheapest to most expensive",
	"sort descending",
	"reverse sort by price",
	"sort by price not descending",
	"do not sort",
	"sort flights",
	"only show flights under $200",
	"show flights only under $200",
	"show airline only",
	"show the price column",
	"hide price",
	"without the price column",
	"show flights as csv",
	"show flights in a table",
	"export flights",
	"save the cheapest flight",
	"book the cheapest flight",
	"buy the cheapest flight to LAX",
	"delete the cheapest flight",
	"update the price of flight 3",
	"set price to 5",
	"show flight 3",
	"show flight with id 3",
	"show the flight with id 3",
	"id 3",
	"is the price under 200",
	"are there flights to LAX",
	"why are flights expensive",
	"what is a flight",
	"what flights are there",
	"what flights are there to LAX",
	"give me flights with wifi tags",
	"flights tagged wifi",
	"flights with tag wifi",
	"flights from 2025-03-01",
};

static const struct expected orders_planned[] = {
	{ "show the 2 largest orders by total",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_sort\",\"field\":"
		  "\"total\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\":2}]" },
	{ "show pending orders",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"status\",\"op\":\"==\",\"value\":\"p"
		  "ending\"}}]" },
	{ "orders from Germany",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"country\",\"op\":\"==\",\"value\":\""
		  "Germany\"}}]" },
	{ "orders from Germany or France",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"country\",\"op\":\"in\",\"value\":["
		  "\"Germany\",\"France\"]}}]" },
	{ "orders not from Germany",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"country\",\"op\":\"!=\",\"value\":\""
		  "Germany\"}}]" },
	{ "how many orders are pending",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"status\",\"op\":\"==\",\"value\":\"p"
		  "ending\"}},{\"step\":\"count\"}]" },
	{ "count orders by country",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"groupby\",\""
		  "by\":[\"country\"],\"agg\":\"count\",\"as\":\"count\"}]" },
	{ "sum of total per country sorted by total desc",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"groupby\",\""
		  "by\":[\"country\"],\"agg\":\"sum\",\"field\":\"total\",\"as\":\"su"
		  "m_total\"},{\"step\":\"table_sort\",\"field\":\"sum_total\",\"orde"
		  "r\":\"desc\"}]" },
	{ "show the newest 2 orders",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_sort\""
		  ",\"field\":\"createdAt\",\"order\":\"desc\"},{\"step\":\"top_k\","
		  "\"k\":2}]" },
	{ "orders with discount over 20%",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"discount_pct\",\"op\":\">\",\"value"
		  "\":20}}]" },
	{ "orders with total over $100",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"total\",\"op\":\">\",\"value\":100}}"
		  "]" },
	{ "show refunded orders",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"status\",\"op\":\"==\",\"value\":\"r"
		  "efunded\"}}]" },
	{ "orders created after 2025-02-15",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"createdAt\",\"op\":\">\",\"value\":"
		  "\"2025-02-15\"}}]" },
	{ "orders created in 2025",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"createdAt\",\"op\":\"starts_with\","
		  "\"value\":\"2025\"}}]" },
	{ "orders created between 2025-02-01 and 2025-03-01",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"and\":[{\"field\":\"createdAt\",\"op\":\">=\","
		  "\"value\":\"2025-02-01\"},{\"field\":\"createdAt\",\"op\":\"<=\","
		  "\"value\":\"2025-03-01\"}]}}]" },
	{ "order with the highest total",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_sort\""
		  ",\"field\":\"total\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\""
		  ":1}]" },
	{ "orders with the highest total",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_sort\""
		  ",\"field\":\"total\",\"order\":\"desc\"}]" },
	{ "orders by Acme Corp",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"customer.name\",\"op\":\"==\",\"valu"
		  "e\":\"Acme Corp\"}}]" },
	{ "orders for Globex",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"customer.name\",\"op\":\"==\",\"valu"
		  "e\":\"Globex\"}}]" },
	{ "show order id and total for pending orders",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"status\",\"op\":\"==\",\"value\":\"p"
		  "ending\"}},{\"step\":\"table_select\",\"fields\":[\"order_id\",\"t"
		  "otal\"]}]" },
	{ "orders where email is missing",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"not\":{\"field\":\"email\",\"op\":\"exists\","
		  "\"value\":true}}}]" },
	{ "orders where email exists",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"email\",\"op\":\"exists\",\"value\":"
		  "true}}]" },
	{ "orders with more than 2 items",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"items\",\"op\":\">\",\"value\":2}}]" },
	{ "orders where status is not pending and country is France",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"and\":[{\"field\":\"status\",\"op\":\"!=\",\"v"
		  "alue\":\"pending\"},{\"field\":\"country\",\"op\":\"==\",\"value\""
		  ":\"France\"}]}}]" },
	{ "orders where status is either pending or shipped",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"status\",\"op\":\"in\",\"value\":[\""
		  "pending\",\"shipped\"]}}]" },
	{ "orders where country in (Germany, France)",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"country\",\"op\":\"in\",\"value\":["
		  "\"Germany\",\"France\"]}}]" },
	{ "orders that are not pending or shipped",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"status\",\"op\":\"not_in\",\"value\""
		  ":[\"pending\",\"shipped\"]}}]" },
	{ "active orders",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"active\",\"op\":\"==\",\"value\":tru"
		  "e}}]" },
	{ "orders that are active",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"active\",\"op\":\"==\",\"value\":tru"
		  "e}}]" },
	{ "average total of pending orders",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"status\",\"op\":\"==\",\"value\":\"p"
		  "ending\"}},{\"step\":\"groupby\",\"by\":[],\"agg\":\"avg\",\"field"
		  "\":\"total\",\"as\":\"avg_total\"}]" },
	{ "average total of orders by country",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"groupby\",\""
		  "by\":[\"country\"],\"agg\":\"avg\",\"field\":\"total\",\"as\":\"av"
		  "g_total\"}]" },
	{ "what is the average total",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"groupby\",\""
		  "by\":[],\"agg\":\"avg\",\"field\":\"total\",\"as\":\"avg_total\"}]" },
	{ "show me only orders from germany",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"country\",\"op\":\"==\",\"value\":\""
		  "Germany\"}}]" },
	{ "list order ids of pending orders from France",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"and\":[{\"field\":\"status\",\"op\":\"==\",\"v"
		  "alue\":\"pending\"},{\"field\":\"country\",\"op\":\"==\",\"value\""
		  ":\"France\"}]}},{\"step\":\"table_select\",\"fields\":[\"order_id"
		  "\"]}]" },
	{ "which country has the highest average total?",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"groupby\",\""
		  "by\":[\"country\"],\"agg\":\"avg\",\"field\":\"total\",\"as\":\"av"
		  "g_total\"},{\"step\":\"table_sort\",\"field\":\"avg_total\",\"orde"
		  "r\":\"desc\"},{\"step\":\"top_k\",\"k\":1}]" },
	{ "which countries have the most orders?",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"groupby\",\""
		  "by\":[\"country\"],\"agg\":\"count\",\"as\":\"count\"},{\"step\":"
		  "\"table_sort\",\"field\":\"count\",\"order\":\"desc\"}]" },
	{ "number of pending orders",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"status\",\"op\":\"==\",\"value\":\"p"
		  "ending\"}},{\"step\":\"count\"}]" },
	{ "show unique countries sorted by country",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"distinct\","
		  "\"by\":[\"country\"]},{\"step\":\"table_select\",\"fields\":[\"cou"
		  "ntry\"]},{\"step\":\"table_sort\",\"field\":\"country\",\"order\":"
		  "\"asc\"}]" },
	{ "remove duplicates by country",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"distinct\","
		  "\"by\":[\"country\"]}]" },
	{ "orders where total >= 100 and total <= 900 order by total de"
		  "sc limit 2",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"and\":[{\"field\":\"total\",\"op\":\">=\",\"va"
		  "lue\":100},{\"field\":\"total\",\"op\":\"<=\",\"value\":900}]}},{"
		  "\"step\":\"table_sort\",\"field\":\"total\",\"order\":\"desc\"},{"
		  "\"step\":\"top_k\",\"k\":2}]" },
	{ "orders except refunded ones",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"status\",\"op\":\"!=\",\"value\":\"r"
		  "efunded\"}}]" },
	{ "orders, newest first",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_sort\""
		  ",\"field\":\"createdAt\",\"order\":\"desc\"}]" },
	{ "sort orders by total from high to low",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_sort\""
		  ",\"field\":\"total\",\"order\":\"desc\"}]" },
	{ "top 2 orders by total",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_sort\""
		  ",\"field\":\"total\",\"order\":\"desc\"},{\"step\":\"top_k\",\"k\""
		  ":2}]" },
	{ "top 2 countries by number of orders",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"groupby\",\""
		  "by\":[\"country\"],\"agg\":\"count\",\"as\":\"count\"},{\"step\":"
		  "\"table_sort\",\"field\":\"count\",\"order\":\"desc\"},{\"step\":"
		  "\"top_k\",\"k\":2}]" },
	{ "first 2 pending orders",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"status\",\"op\":\"==\",\"value\":\"p"
		  "ending\"}},{\"step\":\"top_k\",\"k\":2}]" },
	{ "get 5 orders with total under 1k",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"total\",\"op\":\"<\",\"value\":1000}"
		  "},{\"step\":\"top_k\",\"k\":5}]" },
	{ "orders with status pending or total over 100",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"or\":[{\"field\":\"status\",\"op\":\"==\",\"va"
		  "lue\":\"pending\"},{\"field\":\"total\",\"op\":\">\",\"value\":100"
		  "}]}}]" },
	{ "orders without discount",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"discount_pct\",\"op\":\"==\",\"value"
		  "\":0}}]" },
	{ "pending orders from Germany, sorted by total descending, top"
		  " 5",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"and\":[{\"field\":\"status\",\"op\":\"==\",\"v"
		  "alue\":\"pending\"},{\"field\":\"country\",\"op\":\"==\",\"value\""
		  ":\"Germany\"}]}},{\"step\":\"table_sort\",\"field\":\"total\",\"or"
		  "der\":\"desc\"},{\"step\":\"top_k\",\"k\":5}]" },
	{ "show country and total, sorted by total",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_sort\""
		  ",\"field\":\"total\",\"order\":\"asc\"},{\"step\":\"table_select\""
		  ",\"fields\":[\"country\",\"total\"]}]" },
	{ "orders with order id 2",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"order_id\",\"op\":\"==\",\"value\":2"
		  "}}]" },
	{ "most recent order",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_sort\""
		  ",\"field\":\"createdAt\",\"order\":\"desc\"},{\"step\":\"top_k\","
		  "\"k\":1}]" },
	{ "orders created on 2025-03-01",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"createdAt\",\"op\":\"==\",\"value\":"
		  "\"2025-03-01\"}}]" },
	{ "orders since March 2025",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"createdAt\",\"op\":\">=\",\"value\":"
		  "\"2025-03\"}}]" },
	{ "orders until 2025-02-28",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"createdAt\",\"op\":\"<=\",\"value\":"
		  "\"2025-02-28\"}}]" },
	{ "avg total per country and status",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"groupby\",\""
		  "by\":[\"country\",\"status\"],\"agg\":\"avg\",\"field\":\"total\","
		  "\"as\":\"avg_total\"}]" },
	{ "minimum total per country, highest first",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"groupby\",\""
		  "by\":[\"country\"],\"agg\":\"min\",\"field\":\"total\",\"as\":\"mi"
		  "n_total\"},{\"step\":\"table_sort\",\"field\":\"min_total\",\"orde"
		  "r\":\"desc\"}]" },
	{ "only show me country",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_select"
		  "\",\"fields\":[\"country\"]}]" },
	{ "orders whose customer name contains \"Acme\"",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"customer.name\",\"op\":\"contains\","
		  "\"value\":\"Acme\"}}]" },
	{ "orders whose customer name starts with G",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"customer.name\",\"op\":\"starts_with"
		  "\",\"value\":\"G\"}}]" },
	{ "orders where total is between 50 and 150",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"and\":[{\"field\":\"total\",\"op\":\">=\",\"va"
		  "lue\":50},{\"field\":\"total\",\"op\":\"<=\",\"value\":150}]}}]" },
	{ "count",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"count\"}]" },
	{ "how many",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"count\"}]" },
	{ "how many countries",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"distinct\","
		  "\"by\":[\"country\"]},{\"step\":\"count\"}]" },
	{ "how many different countries are there?",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"distinct\","
		  "\"by\":[\"country\"]},{\"step\":\"count\"}]" },
	{ "orders where country is Spain",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"table_filter"
		  "\",\"condition\":{\"field\":\"country\",\"op\":\"==\",\"value\":\""
		  "Spain\"}}]" },
	{ "total items by status",
		  "[{\"step\":\"extract\",\"path\":\"data\"},{\"step\":\"groupby\",\""
		  "by\":[\"status\"],\"agg\":\"sum\",\"field\":\"items\",\"as\":\"sum"
		  "_items\"}]" },
};

static const char *const orders_unclear[] = {
	"total revenue by country",
	"total by country",
	"orders over $100",
	"show refunds",
	"show shipped or pending orders over $50",
	"largest order",
	"customers with the most orders",
	"top customers",
	"list customers",
	"orders with no email",
	"inactive orders",
	"the most expensive order",
	"the cheapest order",
	"what's the total of all orders?",
	"Which country has the highest total?",
	"top 2 countries by revenue",
	"orders with a discount",
	"pending orders from Germany and shipped orders from France",
	"orders with a total of 80",
	"show me the order with id 2",
	"show order 2",
	"orders like Acme",
	"orders from customers named Globex",
	"show the last order",
	"please list the country of each order",
	"give me the name of customers",
	"orders containing Acme",
	"orders worth more than 100",
	"orders with total greater than cost",
	"orders where total > cost",
	"orders in the last 30 days",
	"count them",
	"orders from Spain",
};

static const struct expected literal_planned[] = {
	{ "sort by price descending and take 5",
		  "[{\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"desc\"},"
		  "{\"step\":\"top_k\",\"k\":5}]" },
	{ "where status is active and total > 5",
		  "[{\"step\":\"table_filter\",\"condition\":{\"and\":[{\"field\":\"s"
		  "tatus\",\"op\":\"==\",\"value\":\"active\"},{\"field\":\"total\","
		  "\"op\":\">\",\"value\":5}]}}]" },
	{ "fetch https://x.com/api/items",
		  "[{\"step\":\"http_request\",\"url\":\"https://x.com/api/items\"}]" },
	{ "get https://x.com/api/items and sort by price desc and take "
		  "5",
		  "[{\"step\":\"http_request\",\"url\":\"https://x.com/api/items\"},{"
		  "\"step\":\"table_sort\",\"field\":\"price\",\"order\":\"desc\"},{"
		  "\"step\":\"top_k\",\"k\":5}]" },
	{ "get flights from https://x.com/a where stops = 0 sorted by p"
		  "rice limit 3",
		  "[{\"step\":\"http_request\",\"url\":\"https://x.com/a\"},{\"step\""
		  ":\"table_filter\",\"condition\":{\"field\":\"stops\",\"op\":\"==\""
		  ",\"value\":0}},{\"step\":\"table_sort\",\"field\":\"price\",\"orde"
		  "r\":\"asc\"},{\"step\":\"top_k\",\"k\":3}]" },
	{ "flights from https://x.com/a with price under 100",
		  "[{\"step\":\"http_request\",\"url\":\"https://x.com/a\"},{\"step\""
		  ":\"table_filter\",\"condition\":{\"field\":\"price\",\"op\":\"<\","
		  "\"value\":100}}]" },
	{ "count by status",
		  "[{\"step\":\"groupby\",\"by\":[\"status\"],\"agg\":\"count\",\"as"
		  "\":\"count\"}]" },
	{ "average price by airline",
		  "[{\"step\":\"groupby\",\"by\":[\"airline\"],\"agg\":\"avg\",\"fiel"
		  "d\":\"price\",\"as\":\"avg_price\"}]" },
	{ "select name, price",
		  "[{\"step\":\"table_select\",\"fields\":[\"name\",\"price\"]}]" },
	{ "get top 5 flights from https://x.com/a",
		  "[{\"step\":\"http_request\",\"url\":\"https://x.com/a\"},{\"step\""
		  ":\"top_k\",\"k\":5}]" },
	{ "filter status == \"open\"",
		  "[{\"step\":\"table_filter\",\"condition\":{\"field\":\"status\",\""
		  "op\":\"==\",\"value\":\"open\"}}]" },
};

static const char *const literal_unclear[] = {
	"show top 10 flights",
	"show the first 5 rows",
	"get the cheapest flights from https://x.com/api/items",
	"flights from https://x.com/a with wifi enabled",
	"post to https://x.com",
	"delete https://x.com",
	"fetch https://x.com/a and email me",
	"sort by unit price",
};

START_TEST(questions_about_flights_become_pipelines)
{
	plans(flights_planned, AGR_COUNT(flights_planned), flights);
}
END_TEST

START_TEST(what_is_nearly_a_question_about_flights_is_unclear)
{
	is_unclear(flights_unclear, AGR_COUNT(flights_unclear), flights);
}
END_TEST

START_TEST(questions_about_orders_in_an_envelope_extract_them_first)
{
	plans(orders_planned, AGR_COUNT(orders_planned), orders);
}
END_TEST

START_TEST(what_is_nearly_a_question_about_orders_is_unclear)
{
	is_unclear(orders_unclear, AGR_COUNT(orders_unclear), orders);
}
END_TEST

START_TEST(without_data_plain_syntax_is_taken_as_written)
{
	plans(literal_planned, AGR_COUNT(literal_planned), NULL);
}
END_TEST

START_TEST(without_data_other_words_are_unclear)
{
	is_unclear(literal_unclear, AGR_COUNT(literal_unclear), NULL);
}
END_TEST

START_TEST(the_message_tells_the_words_used_and_ignored)
{
	agr_plan_answer answer = ask("show me the 10 cheapest flights to LAX", flights, 0);

	ck_assert_ptr_nonnull(strstr(answer.message, "Sorts by price") ? answer.message
		: strstr(answer.message, "sorts by price ascending"));
	ck_assert_ptr_nonnull(strstr(answer.message, "Used: show, 10, cheapest, flights, to, LAX."));
	ck_assert_ptr_nonnull(strstr(answer.message, "Ignored: me, the."));
	agr_plan_answer_clear(&answer);
	answer = ask("show flights to LAX that my boss would like", flights, 0);
	ck_assert_ptr_nonnull(strstr(answer.message, "boss would like"));
	ck_assert_ptr_nonnull(strstr(answer.message, "Known fields: id, airline"));
	agr_plan_answer_clear(&answer);
}
END_TEST

START_TEST(csv_ndjson_and_json_give_the_same_plan)
{
	static const char *const inputs[] = { "name,price,sold\r\nA,1.5,true\r\n\"B, C\",2,false\r\n",
		"{\"name\":\"A\",\"price\":1.5,\"sold\":true}\n"
		"{\"name\":\"B, C\",\"price\":2,\"sold\":false}\n",
		"[{\"name\":\"A\",\"price\":1.5,\"sold\":true},"
		"{\"name\":\"B, C\",\"price\":2,\"sold\":false}]" };
	static const struct expected expected[] = {
		{ "sold items with price over 1", "[{\"step\":\"table_filter\",\"condition\":{\"and\":["
		  "{\"field\":\"sold\",\"op\":\"==\",\"value\":true},"
		  "{\"field\":\"price\",\"op\":\">\",\"value\":1}]}}]" },
		{ "items where name is b, c", "[{\"step\":\"table_filter\",\"condition\":"
		  "{\"field\":\"name\",\"op\":\"==\",\"value\":\"B, C\"}}]" } };

	for (size_t i = 0; i < AGR_COUNT(inputs); i++)
		plans(expected, AGR_COUNT(expected), inputs[i]);
}
END_TEST

START_TEST(input_that_is_no_rows_is_an_error_or_unclear)
{
	static const char *const bad[] = { "[{\"a\":1},", "", " \n", "{\"a\":}" };
	static const char *const no_rows[] = { "[]", "5", "{\"a\":1}", "[1,2]",
		"{\"a\":[{\"x\":1}],\"b\":[{\"x\":2}]}" };

	for (size_t i = 0; i < AGR_COUNT(bad); i++) {
		agr_plan_request request = { .prompt = "count", .prompt_len = 5, .input = bad[i],
			.input_len = strlen(bad[i]) };
		agr_plan_answer answer;

		ck_assert_int_eq(agr_builtin_plan(&answer, &request, NULL), AGENTRUN_EINPUT);
		ck_assert_ptr_null(answer.call);
	}
	for (size_t i = 0; i < AGR_COUNT(no_rows); i++) {
		const char *prompt = "sort by x";

		is_unclear(&prompt, 1, no_rows[i]);
	}
}
END_TEST

START_TEST(what_is_counted_in_an_empty_list_is_0)
{
	static const struct expected counted[] = {
		{ "count the rows", "[{\"step\":\"count\"}]" },
		{ "count rows", "[{\"step\":\"count\"}]" },
		{ "how many flights are there?", "[{\"step\":\"count\"}]" },
	};
	static const char *const others[] = { "show all rows", "count by airline",
		"average price", "show me the 3 cheapest", "count zxqv", "count the rows of zxqv" };

	plans(counted, AGR_COUNT(counted), "[]");
	plans(counted, AGR_COUNT(counted), " [ ]\n");
	is_unclear(others, AGR_COUNT(others), "[]");
	is_unclear(&counted[0].prompt, 1, "{}");
	is_unclear(&counted[0].prompt, 1, "7");
}
END_TEST

START_TEST(a_lane_allows_its_own_plans_only)
{
	agr_plan_answer answer = ask("count flights by airline", flights, AGENTRUN_LANE_PATCH);

	ck_assert_ptr_null(answer.call);
	agr_plan_answer_clear(&answer);
	answer = ask("count flights by airline", flights, AGENTRUN_LANE_EXECUTE);
	ck_assert_ptr_nonnull(answer.call);
	agr_plan_answer_clear(&answer);
}
END_TEST

START_TEST(the_session_is_passed_on)
{
	agr_plan_request request = { .prompt = "count by status", .prompt_len = 15,
		.session_id = "s1" };
	agr_plan_answer answer;

	ck_assert_int_eq(agr_builtin_plan(&answer, &request, NULL), 0);
	ck_assert_str_eq(agr_json_str(json_object_get(answer.call, "arguments"), "session_id", ""),
		"s1");
	agr_plan_answer_clear(&answer);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		questions_about_flights_become_pipelines,
		what_is_nearly_a_question_about_flights_is_unclear,
		questions_about_orders_in_an_envelope_extract_them_first,
		what_is_nearly_a_question_about_orders_is_unclear,
		without_data_plain_syntax_is_taken_as_written,
		without_data_other_words_are_unclear,
		the_message_tells_the_words_used_and_ignored,
		csv_ndjson_and_json_give_the_same_plan,
		input_that_is_no_rows_is_an_error_or_unclear,
		what_is_counted_in_an_empty_list_is_0,
		a_lane_allows_its_own_plans_only,
		the_session_is_passed_on,
		NULL,
	};

	return unit_main(unit_suite("plan_query", tests));
}
