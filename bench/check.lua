-- For wrk: goes through the requests of a file and counts answers as right only where they are
-- what is expected. Arguments: the file of requests, the file of answers, the status.
--
-- A request: METHOD, path, token, address and body, separated by tabs. An answer: a whole body, or,
-- after a "~", a text that each body has to have in it.
local requests, known, parts, status = {}, {}, {}, 200
local turn = 0
local threads = {}
right, wrong = 0, 0

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  for line in io.lines(args[1]) do
    local method, path, token, address, body =
      line:match("^(%S+)\t(%S+)\t(%S+)\t(%S+)\t(.*)$")
    local headers = {
      Authorization = "Bearer " .. token,
      ["Content-Type"] = "application/json",
      ["X-Forwarded-For"] = address,
    }
    table.insert(requests, wrk.format(method, path, headers, body ~= "" and body or nil))
  end
  for line in io.lines(args[2]) do
    if line:sub(1, 1) == "~" then table.insert(parts, line:sub(2)) else known[line] = true end
  end
  status = tonumber(args[3])
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

local function expected(body)
  if #parts == 0 then return known[body] end
  for _, part in ipairs(parts) do
    if not body:find(part, 1, true) then return false end
  end
  return true
end

function response(got, _, body)
  if got == status and expected(body) then right = right + 1 else wrong = wrong + 1 end
end

function done(summary, latency)
  local good, bad = 0, 0
  for _, thread in ipairs(threads) do
    good, bad = good + thread:get("right"), bad + thread:get("wrong")
  end
  local errors = summary.errors
  bad = bad + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '\nfound: {"done": %d, "wrong": %d, "seconds": %.6f, "p50": %.4f, "p99": %.4f}\n',
    good, bad, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
