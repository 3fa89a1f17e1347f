/** Dark or light, before anything is drawn: as the owner chose on this device, else as the device says. */
(() => {
	const root = document.documentElement;
	const device = matchMedia('(prefers-color-scheme: dark)');
	const apply = () => {
		const chosen = localStorage.getItem('porchlight-theme') ?? 'auto';
		root.dataset.choice = chosen;
		root.dataset.theme = chosen === 'auto' ? (device.matches ? 'dark' : 'light') : chosen;
	};
	device.addEventListener('change', apply);
	addEventListener('porchlight-theme', apply);
	apply();
})();
