'use strict'
// Tells `quell record` where in a Node program database calls come from: call sites of pg and postgres.js (CommonJS),
// requests of any HTTP server, with the route of Express and Fastify, tests of node:test. Loaded by NODE_OPTIONS=--require.
//
// Lines go to the named pipe QUELL_HOOK (docs/record.md, "Call sites"). A line is at most PIPE_BUF bytes, so writes of
// many processes do not mix. Where the pipe is full the line is dropped and counted: the program never waits. Every
// entry into this file from the program catches whatever goes wrong here.

const fs = require('fs')
const Module = require('module')
const path = require('path')
const { AsyncLocalStorage, AsyncResource } = require('async_hooks')
const { threadId } = require('worker_threads')

const MOST_BYTES = 4000 // below PIPE_BUF of Linux, 4096
const MOST_FRAMES = 8 // of the application
const DEEPEST = 40 // frames looked at

const requests = new AsyncLocalStorage()
const sites = new AsyncLocalStorage() // a call site taken earlier than the call
const stacks = new Map() // key of the application's frames: id
const folder = process.cwd() + path.sep
let token = ''
let pipe = -1
let dropped = 0
let numbers = 0 // of stacks and scopes

function guarded (work) {
  try {
    return work()
  } catch {
    return undefined
  }
}

function send (...fields) {
  let line = Buffer.from(fields.join('\t'))
  if (line.length > MOST_BYTES) line = line.subarray(0, MOST_BYTES)
  try {
    if (dropped > 0) {
      fs.writeSync(pipe, `l\t${dropped}\n`)
      dropped = 0
    }
    fs.writeSync(pipe, Buffer.concat([line, Buffer.from('\n')]))
  } catch {
    dropped++
  }
}

const now = () => String(process.hrtime.bigint())
const plain = text => String(text).replace(/\s+/g, ' ') || '-'

// Call sites.

function applicationFrames (below) {
  const holder = {}
  const { stackTraceLimit, prepareStackTrace } = Error
  Error.stackTraceLimit = DEEPEST
  Error.prepareStackTrace = (_, frames) => frames
  let frames
  try {
    Error.captureStackTrace(holder, below)
    frames = holder.stack
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    Error.prepareStackTrace = prepareStackTrace
  }
  const found = []
  for (const frame of frames) {
    let file = frame.getFileName()
    if (!file || file.startsWith('node:') || file.includes('/node_modules/') || file === __filename) continue
    if (file.startsWith('file://')) file = decodeURI(file.slice(7))
    if (file.startsWith(folder)) file = file.slice(folder.length)
    found.push([plain(frame.getFunctionName() || '(anonymous)'), plain(file), String(frame.getLineNumber() || 0)])
    if (found.length === MOST_FRAMES) break
  }
  return found
}

/** The id of the calling application frames, which are described to the recorder on first sight. 0: none. */
function siteOf (below) {
  return guarded(() => {
    const frames = applicationFrames(below)
    if (frames.length === 0) return 0
    const key = frames.join('\n')
    let id = stacks.get(key)
    if (id === undefined) {
      id = ++numbers
      const fields = ['s', token, id]
      let bytes = 0
      for (const frame of frames) {
        bytes += frame.join().length
        if (bytes > MOST_BYTES / 4) break
        fields.push(...frame)
      }
      send(...fields)
      stacks.set(key, id)
    }
    return id
  }) || 0
}

function scopeNow () {
  const scope = requests.getStore()
  return scope && !scope.ended ? scope.id : 0
}

/** `mode`: r, what follows until the next call; s, one execution; f, likewise and nothing older is under way. */
function call (backend, stack, scope, mode) {
  if (backend) send('c', 'b' + backend, now(), token, stack, scope, mode)
}

// Requests.

function beginRequest (request, response) {
  return guarded(() => {
    const scope = { id: ++numbers, name: null, ended: false, request: true }
    const parent = request.headers && request.headers.traceparent
    send('b', token, scope.id, now(), 'r', 0, plain(parent || '-'))
    response.once('close', () => guarded(() => {
      scope.ended = true
      // Express leaves the route on the request.
      const route = request.route && typeof request.route.path === 'string' ? (request.baseUrl || '') + request.route.path : null
      const name = scope.name || `${request.method} ${route || '(no route)'}`
      send('e', token, scope.id, now(), response.statusCode || 0, plain(name).slice(0, 1000))
    }))
    return scope
  })
}

/** node:test: a test is a scope, and one inside another is its own. */
function patchTest (exported) {
  const wrapped = new Proxy(exported, {
    apply (target, self, args) {
      const at = args.findIndex(argument => typeof argument === 'function')
      const body = args[at]
      if (!body || body.length > 1) return Reflect.apply(target, self, args) // one that calls back when it is done
      const name = typeof args[0] === 'string' ? args[0] : body.name || '(unnamed)'
      args[at] = function (context) { return inTest(name, () => body.call(this, context)) }
      return Reflect.apply(target, self, args)
    },
    get (target, property, receiver) {
      if (property === 'default' || property === 'test' || property === 'it') return wrapped
      return Reflect.get(target, property, receiver)
    }
  })
  return wrapped
}

function inTest (name, work) {
  const scope = guarded(() => {
    const parent = requests.getStore()
    const begun = { id: ++numbers, name, ended: false }
    send('b', token, begun.id, now(), 't', parent && !parent.ended ? parent.id : 0, '-')
    return begun
  })
  if (!scope) return work()
  const end = outcome => guarded(() => {
    scope.ended = true
    send('e', token, scope.id, now(), outcome, plain(name).slice(0, 1000))
  })
  let result
  try {
    result = requests.run(scope, work)
  } catch (error) {
    end(1)
    throw error
  }
  if (!result || typeof result.then !== 'function') {
    end(0)
    return result
  }
  return result.then(value => { end(0); return value }, error => { end(1); throw error })
}

function patchServer (server) {
  const emit = server.prototype.emit
  server.prototype.emit = function (event, request, response) {
    const outer = requests.getStore()
    if (event !== 'request' || (outer && outer.request)) return emit.apply(this, arguments)
    const scope = beginRequest(request, response)
    if (!scope) return emit.apply(this, arguments)
    return requests.run(scope, () => emit.apply(this, arguments))
  }
}

function patchFastify (fastify) {
  const wrapped = new Proxy(fastify, {
    apply (target, self, args) {
      const application = Reflect.apply(target, self, args)
      guarded(() => application.addHook('onRequest', (request, reply, done) => {
        guarded(() => {
          const scope = requests.getStore()
          const route = (request.routeOptions && request.routeOptions.url) || request.routerPath
          if (scope && route) scope.name = `${request.method} ${route}`
        })
        done()
      }))
      return application
    },
    get (target, property, receiver) {
      const value = Reflect.get(target, property, receiver)
      return value === target ? wrapped : value
    }
  })
  return wrapped
}

// Drivers.

function patchPgClient (Client) {
  const query = Client.prototype.query
  const of = new WeakMap() // query object: where it came from
  let current = null
  Client.prototype.query = function queryWithHook (config) {
    current = guarded(() => ({ stack: sites.getStore() || siteOf(queryWithHook), scope: scopeNow() }))
    try {
      return query.apply(this, arguments)
    } finally {
      const origin = current
      current = null
      guarded(() => {
        const queue = this._queryQueue || this.queryQueue
        const last = queue && queue[queue.length - 1]
        if (last && origin && !of.has(last)) of.set(last, origin)
      })
    }
  }
  // Sent when its turn comes, which may be within query().
  const pulse = Client.prototype._pulseQueryQueue
  Client.prototype._pulseQueryQueue = function () {
    guarded(() => {
      const queue = this._queryQueue || this.queryQueue
      const next = this.readyForQuery === true && queue && queue[0]
      if (!next) return
      const origin = of.get(next) || (queue.length === 1 ? current : null)
      if (!origin) return
      of.set(next, origin)
      call(this.processID, origin.stack, origin.scope, 'r')
    })
    return pulse.apply(this, arguments)
  }
  return Client
}

/** A waiting query is handed its connection while another request gives it back: keep its own context. */
function patchPgPool (Pool) {
  const { connect, query } = Pool.prototype
  Pool.prototype.connect = function (callback) {
    if (typeof callback !== 'function') return connect.apply(this, arguments)
    return connect.call(this, guarded(() => AsyncResource.bind(callback)) || callback)
  }
  Pool.prototype.query = function queryWithHook () {
    const site = siteOf(queryWithHook)
    return sites.run(site, () => query.apply(this, arguments))
  }
  return Pool
}

/** A query of postgres.js is told its backend right before it is sent, maybe behind others on the same connection. */
function patchPostgresQuery (exported) {
  const underWay = new WeakMap() // backend: queries sent and not answered
  exported.Query = class Query extends exported.Query {
    constructor (...args) {
      super(...args)
      guarded(() => {
        const origin = { stack: siteOf(Query), scope: scopeNow() }
        let backend = this.state
        Object.defineProperty(this, 'state', {
          get: () => backend,
          set: value => {
            backend = value
            guarded(() => {
              if (!value || !value.pid) return
              const before = underWay.get(value) || 0
              underWay.set(value, before + 1)
              call(value.pid, origin.stack, origin.scope, before === 0 ? 'f' : 's')
            })
          }
        })
        for (const end of ['resolve', 'reject']) {
          const original = this[end]
          this[end] = value => {
            guarded(() => backend && underWay.set(backend, Math.max(0, (underWay.get(backend) || 0) - 1)))
            return original(value)
          }
        }
      })
    }
  }
  return exported
}

const patches = [
  ['/pg/lib/client.js', patchPgClient],
  ['/pg-pool/index.js', patchPgPool],
  ['/postgres/cjs/src/query.js', patchPostgresQuery],
  ['/fastify/fastify.js', patchFastify]
]

/** Changes modules when they have been loaded, before those that ask for them see them. */
function patchModules () {
  const load = Module._extensions['.js']
  Module._extensions['.js'] = function (module, filename) {
    load.apply(this, arguments)
    guarded(() => {
      const patch = patches.find(([end]) => filename.endsWith('/node_modules' + end))
      if (patch) module.exports = patch[1](module.exports) || module.exports
    })
  }
}

/** Modules of Node itself are not loaded from files. */
function patchBuiltins () {
  const load = Module._load
  let test
  Module._load = function (request) {
    const exported = load.apply(this, arguments)
    if (request !== 'node:test') return exported
    test = test || guarded(() => patchTest(exported))
    return test || exported
  }
}

guarded(() => {
  if (!process.env.QUELL_HOOK) return
  pipe = fs.openSync(process.env.QUELL_HOOK, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK)
  token = `${process.pid.toString(16)}-${threadId}-${process.hrtime.bigint().toString(16)}`
  patchServer(require('http').Server)
  patchServer(require('https').Server)
  patchModules()
  patchBuiltins()
})
