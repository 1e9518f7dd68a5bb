-- SPDX-License-Identifier: LicenseRef-agentrun-internal
-- What comes back by itself, for those scripts of stream mode that look for it.
local function return_lapsed()
	for _, entry in ipairs(call('ZRANGEBYSCORE', LEASES, '-inf', NOW, 'LIMIT', 0, 200)) do
		make_ready(entry)
		call('ZREM', LEASES, entry)
		call('HDEL', HELD, entry)
	end
	for _, entry in ipairs(call('ZRANGEBYSCORE', DELAYED, '-inf', NOW, 'LIMIT', 0, 200)) do
		make_ready(entry)
		call('ZREM', DELAYED, entry)
	end
end

-- Results that were given: id -> the end of the line by then. A second message of that
-- id, from before that, gives none. The marks are kept as long as one may be there: in
-- two hashes, of which the older is forgotten when all of it is behind us.
local OLD_DONE = DONE .. ':old'

local function forget_done()
	if call('EXISTS', DONE, OLD_DONE) == 0 then return end
	local low = tonumber(call('GET', POPPED) or 0)
	local pending = with_group('XPENDING', STREAM, GROUP)
	if pending[1] > 0 then low = math.min(low, time_of(pending[2])) end
	local last = call('HGET', OLD_DONE, '')
	if last and tonumber(last) < low then
		call('UNLINK', OLD_DONE)
		last = nil
	end
	if not last and call('EXISTS', DONE) == 1 then
		call('RENAME', DONE, OLD_DONE)
	end
end

-- Now and then, for the whole group (once a second; more often where leases are short): entries that somebody took and left, and
-- consumers that are gone.
local function sweep(lease_ms)
	local pause = math.max(math.min(math.floor(lease_ms / 8), 1000), 100)
	if not call('SET', BASE .. ':sweep', '1', 'NX', 'PX', pause) then return end
	forget_done()
	local from = call('GET', BASE .. ':scan') or '-'
	local idle = with_group('XPENDING', STREAM, GROUP, 'IDLE', lease_ms, from, '+', 200)
	for _, pending in ipairs(idle) do
		local entry = pending[1]
		if not (call('ZSCORE', LEASES, entry) or call('ZSCORE', READY, entry) or
			call('ZSCORE', DELAYED, entry)) then
			make_ready(entry)
		end
	end
	if #idle == 200 then
		call('SET', BASE .. ':scan', '(' .. idle[200][1], 'EX', 3600)
	else
		call('DEL', BASE .. ':scan')
	end
	for _, consumer in ipairs(call('ZRANGEBYSCORE', CONSUMERS, '-inf', NOW, 'LIMIT', 0, 20)) do
		if #call('XPENDING', STREAM, GROUP, '-', '+', 1, consumer) == 0 then
			call('XGROUP', 'DELCONSUMER', STREAM, GROUP, consumer)
			call('ZREM', CONSUMERS, consumer)
		end
	end
end

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
