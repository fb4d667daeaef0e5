import { asApiError, type Api, type ApiError, type AppInfo, type Route, type Script } from "./api";

/** One app with what it holds, or with the reason why that could not be read. */
export interface AppContent {
  info: AppInfo;
  scripts: Script[];
  routes: Route[];
  error: ApiError | null;
}

export interface Overview {
  product: string;
  apps: AppContent[];
}

/** Reads everything the home page shows. One app that cannot be read does not hide the others. */
export async function loadOverview(api: Api): Promise<Overview> {
  const [version, infos] = await Promise.all([api.version(), api.apps()]);
  const apps: AppContent[] = [];
  // One app after the other: a small computer answers, and an instance may hold many.
  for (const info of infos) {
    apps.push(await loadApp(api, info));
  }
  return { product: version.product, apps };
}

async function loadApp(api: Api, info: AppInfo): Promise<AppContent> {
  try {
    const [scripts, routes] = await Promise.all([api.scripts(info.slug), api.routes(info.slug)]);
    return { info, scripts, routes, error: null };
  } catch (thrown) {
    return { info, scripts: [], routes: [], error: asApiError(thrown) };
  }
}
