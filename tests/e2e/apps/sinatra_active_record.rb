# frozen_string_literal: true

# Sinatra and ActiveRecord: 20 lazy requests and 20 eager ones, all at once.
require 'active_record'
require 'net/http'
require 'sinatra/base'
require 'webrick'
require 'rack/handler/webrick'

ActiveRecord::Base.establish_connection(adapter: 'postgresql', database: 'blog', pool: 40, host: ENV.fetch('PGHOST'),
                                        port: ENV.fetch('PGPORT'), username: ENV.fetch('PGUSER'))

class Author < ActiveRecord::Base
  has_many :posts
end

class Post < ActiveRecord::Base
end

# The schema is asked for once, as a server does before it takes requests.
[Author, Post].each(&:columns)

class Blog < Sinatra::Base
  set :environment, :production

  get '/authors/posts' do
    Author.order(:id).map { |author| author.posts.map(&:id) }.to_json # N+1
  ensure
    ActiveRecord::Base.clear_active_connections!
  end

  get '/authors/posts/eager' do
    Author.order(:id).includes(:posts).map { |author| author.posts.map(&:id) }.to_json
  ensure
    ActiveRecord::Base.clear_active_connections!
  end
end

quiet = WEBrick::Log.new(File::NULL)
app = Rack::Builder.new { run Blog }.to_app
server = WEBrick::HTTPServer.new(BindAddress: '127.0.0.1', Port: 0, Logger: quiet, AccessLog: [])
server.mount('/', Rack::Handler::WEBrick, app)
serving = Thread.new { server.start }
port = server.listeners[0].addr[1]
requests = Array.new(40) do |i|
  Thread.new do
    response = Net::HTTP.get_response('127.0.0.1', i.even? ? '/authors/posts' : '/authors/posts/eager', port)
    raise response.body unless response.code == '200'
  end
end
requests.each(&:join)
server.shutdown
serving.join
