-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- What comes back by itself, for those scripts of list mode that look for it.
-- To the front of the line, the oldest first. Each is a record with its payload and
-- the processing list that it is on.
local function to_front(records)
	table.sort(records, function(a, b) return a.position > b.position end)
	for _, record in ipairs(records) do
		call('LPUSH', JOBS, record.payload)
		call('DECR', POPPED)
		call('HSET', RETURNED, record.digest, pack(record))
		call('LREM', record.list, 1, record.payload)
	end
end

-- What is on a consumer's list: digest -> payloads.
local function in_hand(consumer)
	local have = {}
	for _, payload in ipairs(call('LRANGE', processing(consumer), 0, -1)) do
		local digest = redis.sha1hex(payload)
		have[digest] = have[digest] or {}
		table.insert(have[digest], payload)
	end
	return have
end

-- Leases that lapsed, of all consumers.
local function return_lapsed()
	local tokens = call('ZRANGEBYSCORE', LEASES, '-inf', NOW, 'LIMIT', 0, 200)
	local hands, back = {}, {}
	for _, token in ipairs(tokens) do
		local consumer = token:match('^(.*)/') or ''
		local text = call('HGET', held(consumer), token)
		local record = text and unpack_record(text)
		hands[consumer] = hands[consumer] or in_hand(consumer)
		local payloads = record and hands[consumer][record.digest]
		if payloads and #payloads > 0 then
			record.payload = table.remove(payloads)
			record.list = processing(consumer)
			table.insert(back, record)
		end
	end
	to_front(back)
	for _, token in ipairs(tokens) do
		call('ZREM', LEASES, token)
		call('HDEL', held(token:match('^(.*)/') or ''), token)
	end
end

-- Retries that are due go to the end of the line.
local function return_due()
	for _, member in ipairs(call('ZRANGEBYSCORE', DELAYED, '-inf', NOW, 'LIMIT', 0, 200)) do
		local retries, deliveries, enqueued, payload =
			member:match('^%S+ (%d+) (%d+) (%d+)\n(.*)$')
		if payload then
			local digest = redis.sha1hex(payload)
			local length = call('RPUSH', JOBS, payload)
			call('HSET', RETURNED, digest, pack({ digest = digest,
				deliveries = tonumber(deliveries), retries = tonumber(retries),
				enqueued = tonumber(enqueued), position = popped() + length }))
		end
		call('ZREM', DELAYED, member)
	end
end

-- What a consumer has in hand without a lease: it was moved there, and then the
-- connection or the consumer was gone.
local function return_orphans(consumer)
	if call('LLEN', processing(consumer)) == call('HLEN', held(consumer)) then return end
	local hand, back = in_hand(consumer), {}
	for _, text in ipairs(call('HVALS', held(consumer))) do
		local record = unpack_record(text)
		if record and hand[record.digest] then table.remove(hand[record.digest]) end
	end
	local place = popped()
	for digest, payloads in pairs(hand) do
		for _, payload in ipairs(payloads) do
			local text = call('HGET', RETURNED, digest)
			local record = text and unpack_record(text) or { digest = digest,
				deliveries = 0, retries = 0, enqueued = NOW, position = place }
			record.payload, record.list = payload, processing(consumer)
			table.insert(back, record)
		end
	end
	to_front(back)
end

-- Results that were given: id -> the end of the line by then. A second message of that
-- id, from before that, gives none. The marks are kept as long as one may be there: in
-- two hashes, of which the older is forgotten when all of it is behind us.
local OLD_DONE = DONE .. ':old'

local function forget_done()
	if call('EXISTS', DONE, OLD_DONE) == 0 then return end
	local low = popped() + 1
	for _, consumer in ipairs(call('ZRANGE', CONSUMERS, 0, -1)) do
		for _, text in ipairs(call('HVALS', held(consumer))) do
			local record = unpack_record(text)
			if record and record.position < low then low = record.position end
		end
	end
	local last = call('HGET', OLD_DONE, '')
	if last and tonumber(last) < low then
		call('UNLINK', OLD_DONE)
		last = nil
	end
	if not last and call('EXISTS', DONE) == 1 then
		call('RENAME', DONE, OLD_DONE)
	end
end

-- Now and then, for all consumers together (once a second; more often where leases are
-- short): those whose heartbeat lapsed, and lists of
-- consumers that nobody knows.
local function sweep(lease_ms)
	local pause = math.max(math.min(math.floor(lease_ms / 8), 1000), 100)
	if not call('SET', BASE .. ':sweep', '1', 'NX', 'PX', pause) then return end
	forget_done()
	for _, consumer in ipairs(call('ZRANGEBYSCORE', CONSUMERS, '-inf', NOW, 'LIMIT', 0, 20)) do
		return_orphans(consumer)
		if call('EXISTS', processing(consumer), held(consumer)) == 0 then
			call('ZREM', CONSUMERS, consumer)
		else
			-- Its leases lapse by themselves; the others have their turn first.
			call('ZADD', CONSUMERS, 'XX', NOW + 1000, consumer)
		end
	end
	local prefix = processing('')
	local pattern = prefix:gsub('[%*%?%[%]%^\\]', '\\%0') .. '*'
	local step = call('SCAN', call('GET', BASE .. ':scan') or '0', 'MATCH', pattern,
		'COUNT', 1000)
	call('SET', BASE .. ':scan', step[1], 'EX', 3600)
	for _, name in ipairs(step[2]) do
		call('ZADD', CONSUMERS, 'NX', NOW + lease_ms, name:sub(#prefix + 1))
	end
end

-- Milliseconds until something returns by itself; -1: nothing does.
local function next_due()
	local due = -1
	for _, name in ipairs({ LEASES, DELAYED }) do
		local first = call('ZRANGE', name, 0, 0, 'WITHSCORES')
		if first[2] then
			local left = math.max(tonumber(first[2]) - NOW, 0)
			if due < 0 or left < due then due = left end
		end
	end
	return due
end
