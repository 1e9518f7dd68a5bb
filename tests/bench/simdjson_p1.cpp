// SPDX-License-Identifier: LicenseRef-agentrun-internal
// P1 done on simdjson's on-demand reader: simdjson_p1 FILE. Built against a clone of it
// or what is installed, from 3.0 on. The keys may come in any order, so a row is walked once.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <simdjson.h>

using namespace simdjson;

struct Row {
	double price;
	std::string airline, from, to;
};

/* A token goes up to the next one. */
static std::string text(std::string_view raw)
{
	while (!raw.empty() && std::strchr(" \t\r\n", raw.back()))
		raw.remove_suffix(1);
	return raw.empty() ? "null" : std::string(raw);
}

static void offer(std::vector<Row> &best, Row row)
{
	size_t at = best.size();

	while (at && best[at - 1].price > row.price)
		at--;
	best.insert(best.begin() + (std::ptrdiff_t)at, std::move(row));
	if (best.size() > 10)
		best.pop_back();
}

int main(int argc, char **argv)
{
	ondemand::parser parser;
	padded_string json;
	ondemand::document doc;
	std::vector<Row> best;

	if (argc != 2 || padded_string::load(argv[1]).get(json) ||
		parser.iterate(json).get(doc))
		return 1;
	for (ondemand::object row : doc.get_array()) {
		std::string_view airline, from, to;
		double price = 500;

		for (auto field : row) {
			ondemand::raw_json_string key = field.key();

			if (key == "price")
				price = field.value().get_double();
			else if (key == "airline")
				airline = field.value().raw_json_token();
			else if (key == "from")
				from = field.value().raw_json_token();
			else if (key == "to")
				to = field.value().raw_json_token();
		}
		if (price < 500 && (best.size() < 10 || price < best.back().price))
			offer(best, { price, text(airline), text(from), text(to) });
	}
	std::printf("[");
	for (size_t i = 0; i < best.size(); i++)
		std::printf("%s{\"airline\":%s,\"from\":%s,\"to\":%s,\"price\":%.2f}",
			i ? "," : "", best[i].airline.c_str(), best[i].from.c_str(),
			best[i].to.c_str(), best[i].price);
	std::printf("]\n");
	return 0;
}
