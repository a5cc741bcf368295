#include <fmt/format.h>

#include "reference_app/domain/posts.hpp"
#include "reference_app/domain/users.hpp"
#include "reference_app/http/api.hpp"
#include "reference_app/http/representations.hpp"
#include "reference_app/http/resources.hpp"

namespace quell::reference::http {
namespace {

AuthorRef represent(const User& user) {
  return {user.id, user.name};
}

std::vector<std::string> tag_names(const db::Many<Tag>& tags) {
  std::vector<std::string> names;
  for (const Tag& tag : tags) names.push_back(tag.name);
  return names;
}

PostPage represent(const PostList& list, const PostListQuery& query) {
  PostPage page;
  page.limit = query.limit;
  page.offset = query.offset;
  for (const Post& post : list.posts) {
    const auto count = list.comment_counts.find(post.id);
    page.items.push_back({post.id, post.title, post.created_at, represent(*post.author), tag_names(post.tags),
                          count == list.comment_counts.end() ? 0 : count->second});
  }
  if (std::ssize(page.items) == query.limit) page.next_offset = query.offset + query.limit;
  return page;
}

PostView represent(const Post& post) {
  PostView view{post.id, post.title, post.body, post.created_at, represent(*post.author), tag_names(post.tags), {}};
  for (const Comment& comment : post.comments) {
    view.comments.push_back({comment.id, comment.body, comment.created_at, represent(*comment.author)});
  }
  return view;
}

asio::awaitable<PostPage> list(RequestContext& context, const Input<None, PostListQuery, None>& input) {
  auto connection = co_await context.acquire();
  db::Session session(*connection);
  const Slice slice{input.query.limit, input.query.offset};
  const PostList posts = co_await list_posts(session, std::nullopt, slice, input.query.loading);
  co_return represent(posts, input.query);
}

asio::awaitable<PostPage> list_of_user(RequestContext& context, const Input<ById, PostListQuery, None>& input) {
  auto connection = co_await context.acquire();
  db::Session session(*connection);
  const Slice slice{input.query.limit, input.query.offset};
  const PostList posts = co_await list_posts(session, input.path.id, slice, input.query.loading);
  if (posts.posts.empty() && !co_await user_exists(*connection, input.path.id)) throw not_found("user", input.path.id);
  co_return represent(posts, input.query);
}

asio::awaitable<PostView> get(RequestContext& context, const Input<ById, LoadingQuery, None>& input) {
  auto connection = co_await context.acquire();
  db::Session session(*connection);
  const Post* post = co_await find_post(session, input.path.id, input.query.loading);
  if (post == nullptr) throw not_found("post", input.path.id);
  co_return represent(*post);
}

asio::awaitable<CreatedPost> create(RequestContext& context, const Input<None, None, PostDraft>& input) {
  auto connection = co_await context.acquire();
  const PostDraft& draft = input.body;
  const NewPost post(draft.author_id, draft.title, draft.body, draft.tags);
  const std::int64_t id = co_await create_post(*connection, post);
  context.response().set("Location", fmt::format("/posts/{}", id));
  co_return CreatedPost{id};
}

}  // namespace

void add_posts(Api& api) {
  api.add({.route = "/posts", .id = "list_posts", .summary = "Newest posts first", .tag = "posts"}, &list);
  api.add({.route = "/posts/{id}",
           .id = "get_post",
           .summary = "One post with its comments",
           .tag = "posts",
           .problems = {404}},
          &get);
  api.add({.route = "/users/{id}/posts",
           .id = "list_posts_of_user",
           .summary = "A user's posts, newest first",
           .tag = "posts",
           .problems = {404}},
          &list_of_user);
  api.add({.method = Method::post,
           .route = "/posts",
           .id = "create_post",
           .summary = "Write a post",
           .tag = "posts",
           .status = 201,
           .problems = {409}},
          &create);
}

}  // namespace quell::reference::http
