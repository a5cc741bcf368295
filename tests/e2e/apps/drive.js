'use strict'
// Sends requests to a server in this process: 20 lazy and 20 eager ones, all at once.
const http = require('http')

function get (port, path) {
  return new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path, agent: false }, response => {
      response.resume()
      response.on('end', () => response.statusCode === 200 ? resolve() : reject(new Error(`${path}: ${response.statusCode}`)))
    }).on('error', reject)
  })
}

exports.drive = port => Promise.all(Array.from({ length: 40 }, (_, i) => get(port, i % 2 ? '/authors/posts' : '/authors/posts/eager')))
