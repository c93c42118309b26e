using Platform.Campaigns;
using Platform.Campaigns.Persistence;
using Platform.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("campaigns");
builder.AddCampaigns();

var app = builder.Build();
app.MapServiceDefaults();
app.MapCampaigns();
await app.RunServiceAsync<CampaignsDbContext>(args);
