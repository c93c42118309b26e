using Platform.Feeds;
using Platform.Feeds.Persistence;
using Platform.Files.Engine;
using Platform.ServiceDefaults;

if (await EngineHost.RunIfChildAsync(args))
{
    return;
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("feeds");
builder.AddFeeds();

var app = builder.Build();
app.MapServiceDefaults();
app.MapFeeds();
await app.RunServiceAsync<FeedsDbContext>(args);
