# frozen_string_literal: true

# Tells `quell record` where in a Ruby program database calls come from: call sites of pg (and so of ActiveRecord and
# Sequel), requests of Rack applications with the route of Rails and Sinatra, tests of Minitest. Loaded by RUBYOPT=-r.
#
# Lines go to the named pipe QUELL_HOOK (docs/record.md, "Call sites"). A line is at most PIPE_BUF bytes, so writes of
# many processes do not mix. Where the pipe is full the line is dropped and counted: the program never waits. Every
# entry into this file from the program rescues whatever goes wrong here.
module QuellHook
  MOST_BYTES = 4000 # below PIPE_BUF of Linux, 4096
  MOST_FRAMES = 8 # of the application
  DEEPEST = 60 # frames looked at

  Scope = Struct.new(:id, :name, :kind, :ended, :parent)

  @stacks = {}
  @lock = Mutex.new
  @numbers = 0
  @dropped = 0
  @patched = {}
  @files = {} # path: whether it is a library's
  @folder = "#{Dir.pwd}/"
  @libraries = [RbConfig::CONFIG['rubylibprefix'], RbConfig::CONFIG['bindir'], '/usr/share/rubygems-integration/',
                *Gem.path, '<internal:', '(eval', __dir__].compact

  class << self
    def start
      path = ENV.fetch('QUELL_HOOK', nil)
      return unless path

      @pipe = File.open(path, File::WRONLY | File::NONBLOCK)
      @pipe.close_on_exec = true
      new_process
      Kernel.prepend(Loading)
    rescue StandardError
      @pipe = nil
    end

    # A feature was loaded whole.
    def loaded(feature)
      case feature.to_s.delete_suffix('.rb')
      when 'pg' then patch(:pg) { PG::Connection.prepend(Connection) }
      when %r{(\A|/)rack/builder\z} then patch(:rack) { Rack::Builder.prepend(Builder) }
      when %r{(\A|/)rails/application\z} then patch(:rails) { Rails::Application.prepend(Application) }
      when %r{(\A|/)minitest/test\z} then patch(:minitest) { Minitest::Test.prepend(Test) }
      end
    rescue StandardError
      nil
    end

    def call(connection)
      return unless @pipe

      new_process if @process != Process.pid
      backend = connection.instance_variable_get(:@quell_backend) ||
                connection.instance_variable_set(:@quell_backend, connection.backend_pid)
      stack = stack_id(caller_locations(2, DEEPEST))
      scope = current
      send_line('c', "b#{backend}", now, @token, stack, scope && !scope.ended ? scope.id : 0, 'r')
    rescue StandardError
      nil
    end

    # Runs the block in a scope; its name and outcome are asked for at the end.
    def in_scope(kind, traceparent = nil)
      scope = begin_scope(kind, traceparent)
      return yield unless scope

      begin
        result = yield
      ensure
        finish(scope, result)
      end
    end

    def current
      Thread.current[:quell_scope]
    end

    def name_scope(name)
      scope = current
      scope.name = name if scope
    rescue StandardError
      nil
    end

    private

    def patch(what)
      return if @patched[what]

      @patched[what] = true
      yield
    end

    def begin_scope(kind, traceparent)
      return nil unless @pipe

      new_process if @process != Process.pid
      parent = current
      return nil if parent && !parent.ended && parent.kind == kind

      scope = Scope.new(next_number, nil, kind, false, parent)
      send_line('b', @token, scope.id, now, kind, parent && !parent.ended ? parent.id : 0, plain(traceparent || '-'))
      Thread.current[:quell_scope] = scope
      scope
    rescue StandardError
      nil
    end

    def finish(scope, result)
      scope.ended = true
      outcome = scope.kind == 'r' ? (result.is_a?(Array) ? result[0].to_i : 500) : 0
      outcome = result.respond_to?(:passed?) && !result.passed? ? 1 : 0 if scope.kind == 't'
      send_line('e', @token, scope.id, now, outcome, plain(scope.name)[0, 1000])
      Thread.current[:quell_scope] = scope.parent
    rescue StandardError
      nil
    end

    # Ids are counted within a process; the token tells processes apart.
    def new_process
      @process = Process.pid
      @token = format('%x-%x', @process, now)
      @stacks = {}
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
    end

    def next_number
      @lock.synchronize { @numbers += 1 }
    end

    def plain(text)
      text.to_s.split.join(' ').then { |words| words.empty? ? '-' : words }
    end

    def library?(file)
      file.nil? || @libraries.any? { |folder| file.start_with?(folder) } || file.include?('/gems/')
    end

    # The id of the application's frames, which are described to the recorder on first sight. 0: none.
    def stack_id(locations)
      frames = []
      key = []
      (locations || []).each do |at|
        path = at.path
        library = @files.fetch(path) { @files[path] = library?(path) }
        next if library

        frames << at
        key << path << at.lineno
        break if frames.size == MOST_FRAMES
      end
      return 0 if frames.empty?

      @stacks[key] ||= describe(next_number, frames)
    end

    def describe(id, frames)
      fields = ['s', @token, id]
      frames.each do |at|
        break if fields.sum { |field| field.to_s.bytesize } > MOST_BYTES / 2

        fields.push(plain(at.base_label), plain(at.path.delete_prefix(@folder)), at.lineno)
      end
      send_line(*fields)
      id
    end

    def send_line(*fields)
      line = fields.join("\t").b.byteslice(0, MOST_BYTES)
      if @dropped.positive?
        return @dropped += 1 if @pipe.write_nonblock("l\t#{@dropped}\n", exception: false) == :wait_writable

        @dropped = 0
      end
      @dropped += 1 if @pipe.write_nonblock("#{line}\n", exception: false) == :wait_writable
    rescue SystemCallError, IOError
      @dropped += 1
    end
  end

  # Watches what is loaded.
  module Loading
    private

    def require(path)
      super.tap { |loaded| QuellHook.loaded(path) if loaded }
    end
  end

  # PG::Connection: what sends a statement.
  module Connection
    %i[exec query exec_params exec_prepared sync_exec sync_exec_params sync_exec_prepared async_exec async_query
       async_exec_params async_exec_prepared send_query send_query_params send_query_prepared].each do |name|
      define_method(name) do |*arguments, **options, &block|
        QuellHook.call(self)
        options.empty? ? super(*arguments, &block) : super(*arguments, **options, &block)
      end
    end
  end

  # The outermost application of a Rack server.
  module Application
    def call(env)
      QuellHook.in_scope('r', env['HTTP_TRACEPARENT']) do
        super
      ensure
        QuellHook.name_scope(QuellHook::Route.of(env))
      end
    end
  end

  # An application made by config.ru.
  module Builder
    def to_app
      Rooted.new(super)
    end
  end

  # Stands before an application.
  class Rooted
    prepend Application

    def initialize(app)
      @app = app
    end

    def call(env)
      @app.call(env)
    end

    def respond_to_missing?(name, all = false)
      @app.respond_to?(name, all)
    end

    def method_missing(name, ...)
      @app.respond_to?(name) ? @app.public_send(name, ...) : super
    end
  end

  # What a request was routed to.
  module Route
    def self.of(env)
      method = env['REQUEST_METHOD']
      parameters = env['action_dispatch.request.path_parameters'] || {}
      return "#{method} #{parameters[:controller]}##{parameters[:action]}" if parameters[:controller]

      route = env['sinatra.route']
      route || "#{method} (no route)"
    rescue StandardError
      '(no route)'
    end
  end

  # Minitest
  module Test
    def run
      QuellHook.in_scope('t') do
        QuellHook.name_scope("#{self.class}##{name}")
        super()
      end
    end
  end
end

QuellHook.start
