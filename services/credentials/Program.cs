using Platform.Credentials;
using Platform.Credentials.Persistence;
using Platform.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("credentials");
builder.AddCredentials();

var app = builder.Build();
app.MapServiceDefaults();
app.MapCredentials();
await app.RunServiceAsync<CredentialsDbContext>(args);
