/** The theme of VitePress with this site's colours. Its fonts are files of the site. */
import theme from 'vitepress/theme';
import './style.css';

export default theme;
